import { InvalidImageError } from "../errors.ts";
import { hex, sameId } from "../git/object-id.ts";
import type { BlobReader } from "./blob-reader.ts";
import type { PendingObject } from "./chains.ts";
import { FreshBuffer } from "./output-buffer.ts";
import type { Pack } from "./pack.ts";
import { COST } from "./work.ts";

/** A blob that is made of deltas, in memory and in steps: others can be served between two of them. */
export class DeltaBlob implements BlobReader {
  readonly size: number;
  readonly streams = false;
  readonly #id: Uint8Array;
  readonly #pack: Pack;
  readonly #offset: number;
  #pending: PendingObject | undefined;
  #bytes: Uint8Array | undefined;
  /** What is damaged stays damaged. */
  #fault: unknown;

  /**
   * @param id raw id of the blob.
   * @param size as `Pack.describe` has it.
   * @param offset of its entry in the PACK.
   */
  constructor(id: Uint8Array, size: number, pack: Pack, offset: number) {
    this.#id = Uint8Array.from(id);
    this.size = size;
    this.#pack = pack;
    this.#offset = offset;
  }

  get verified(): boolean {
    return this.#bytes !== undefined;
  }

  get whole(): Uint8Array | undefined {
    return this.#bytes;
  }

  verify(limit = Number.POSITIVE_INFINITY): boolean {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#bytes !== undefined) return true;
    try {
      this.#bytes = this.#step(limit * COST.inflatedByte);
    } catch (error) {
      this.#pending = undefined;
      this.#fault = error instanceof InvalidImageError ? error.withObject(hex(this.#id)) : error;
      throw this.#fault;
    }
    return this.#bytes !== undefined;
  }

  seek(_position: number, limit?: number): boolean {
    return this.verify(limit);
  }

  read(position: number, into: Uint8Array): number {
    this.verify();
    const part = (this.#bytes as Uint8Array).subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  close(): void {
    this.#fault ??= new Error("the reader is closed");
    this.#pending = undefined;
    this.#bytes = undefined;
  }

  #step(work: number): Uint8Array | undefined {
    this.#pending ??= this.#pack.begin(this.#offset);
    const object = new FreshBuffer();
    if (!this.#pack.advance(this.#pending, object, work)) return undefined;
    this.#pending = undefined;
    if (!sameId(Buffer.from(object.id(this.#pack.format), "latin1"), this.#id)) {
      throw new InvalidImageError("object-id", "the content does not match its id");
    }
    return object.bytes;
  }
}

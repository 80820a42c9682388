import type { ObjectFormat } from "../git/object-format.ts";
import { StreamedBlob } from "./blob-reader.ts";
import type { EntryStream } from "./entry-stream.ts";

/** Where bytes of the PACK come from. The view is good until the next call. */
export type ReadPack = (offset: number, length: number) => Uint8Array;

/**
 * The zlib stream (RFC 1950) of a blob that is stored whole, as it lies in the PACK. How long it is, a PACK does not say:
 * that is known once the blob was inflated and proved, and nothing of the stream is given before.
 */
export class CompressedBlob {
  /** Bytes that the stream inflates to. */
  readonly size: number;
  readonly #id: Uint8Array;
  readonly #open: () => EntryStream;
  readonly #read: ReadPack;
  readonly #format: ObjectFormat;
  #proof: { readonly blob: StreamedBlob; readonly stream: EntryStream } | undefined;
  #length: number | undefined;

  /**
   * @param id raw id of the blob.
   * @param open gives a reader of its entry.
   * @param read gives bytes from an offset in the stream on.
   * @param length bytes of the stream, from whoever has proved the blob before.
   */
  constructor(
    id: Uint8Array,
    size: number,
    open: () => EntryStream,
    read: ReadPack,
    length: number | undefined,
    format: ObjectFormat,
  ) {
    this.#format = format;
    this.#id = id;
    this.size = size;
    this.#open = open;
    this.#read = read;
    this.#length = length;
  }

  /** Bytes of the stream; undefined until the blob is proved. */
  get length(): number | undefined {
    return this.#length;
  }

  /**
   * Goes on with inflating the blob and comparing it with its id.
   *
   * @param limit bytes to go through at most, rounded up to a piece; default all.
   * @returns whether it is proved.
   * @throws {InvalidImageError} if the stream is damaged or the content does not match the id.
   */
  verify(limit?: number): boolean {
    if (this.#length !== undefined) return true;
    if (this.#proof === undefined) {
      const stream = this.#open();
      this.#proof = { stream, blob: new StreamedBlob(this.#id, this.size, stream, this.#format) };
    }
    const { stream, blob } = this.#proof;
    if (!blob.verify(limit)) return false;
    this.#length = stream.consumed;
    this.close();
    return true;
  }

  /**
   * A copy of a part of the stream; shorter where the stream ends.
   * @throws {Error} if the blob is not proved. @throws {InvalidImageError} if the device fails.
   */
  read(position: number, length: number): Uint8Array {
    if (this.#length === undefined) throw new Error("a stream is read before its blob is proved");
    const wanted = Math.max(0, Math.min(length, this.#length - position));
    const bytes = Buffer.allocUnsafeSlow(wanted);
    bytes.set(this.#read(position, wanted));
    return bytes;
  }

  /** Gives the memory back that proving takes. */
  close(): void {
    this.#proof?.blob.close();
    this.#proof = undefined;
  }
}

import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createDeflate, deflate, deflateSync, type ZlibOptions } from "node:zlib";
import type { Hash } from "../../reader/git/hash.ts";
import { type ObjectKind, objectHash } from "../../reader/git/object.ts";
import type { PackFiles } from "../packing/pack-objects.ts";
import type { IdTable } from "./id-table.ts";
import { StagingPack } from "./staging-pack.ts";

/** Bytes; objects up to this size are deflated in this thread: to ask another would take longer. */
const SMALL = 1024;

/**
 * Bytes for a small object's stream, which hardly ever is longer than the object; each stays until it is
 * written.
 */
const SMALL_OUTPUT = SMALL + 64;

/** Bytes and objects that other threads may have to deflate before the next object has to wait. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const MAX_WAITING = 64;

/** An object whose entry is written after those of all objects before it. */
interface Waiting {
  readonly kind: ObjectKind;
  readonly number: number;
  readonly size: number;
  readonly deflated: Promise<Uint8Array>;
}

/** A `StagingPack` whose streams go into the image as they are. Await each call before the next. */
export class DeflatedPack implements Disposable {
  readonly #pack: StagingPack;
  readonly #ids: IdTable;
  readonly #level: number;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;

  /** As `StagingPack`. @param level zlib's. */
  constructor(start: string, ids: IdTable, level: number) {
    this.#pack = new StagingPack(start, ids);
    this.#ids = ids;
    this.#level = level;
  }

  /** Adds the object with this number. Its bytes may be overwritten afterwards. */
  async add(kind: ObjectKind, number: number, bytes: Uint8Array): Promise<void> {
    const deflated = this.#deflate(bytes);
    // Nobody awaits the promises of a PACK that is abandoned.
    deflated.catch(() => {});
    this.#waiting.push({ kind, number, size: bytes.length, deflated });
    this.#waitingBytes += bytes.length;
    while (this.#waitingBytes > MAX_WAITING_BYTES || this.#waiting.length > MAX_WAITING)
      await this.#writeFirst();
  }

  /**
   * Adds a blob of `size` bytes as a stream, which is never in memory as a whole, unless its id is in the
   * table. @returns its number.
   * @param chunks must yield exactly `size` bytes.
   * @throws {Error} what `chunks` throws; the signal's reason when aborted.
   */
  async addBlob(size: number, chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
    await this.#writeAll();
    const hash = objectHash("blob", size, this.#ids.format);
    this.#pack.beginEntry("blob", size);
    const write = async (deflated: AsyncIterable<Buffer>) => {
      for await (const chunk of deflated) this.#pack.append(chunk);
    };
    const deflate = createDeflate({ level: this.#level, chunkSize: 64 * 1024 });
    await pipeline(hashed(chunks, hash), deflate, write, { signal }).catch((error: unknown) => {
      // Rather than the error that streams have for it.
      signal?.throwIfAborted();
      throw error;
    });
    const before = this.#ids.count;
    const number = this.#ids.add(hash.digest());
    // The id is known only now.
    if (number < before) this.#pack.dropEntry();
    else this.#pack.endEntry(number);
    return number;
  }

  /** Completes the PACK. Undefined if it has no objects. */
  async finish(): Promise<PackFiles | undefined> {
    await this.#writeAll();
    return this.#pack.count === 0 ? undefined : this.#pack.finish();
  }

  [Symbol.dispose](): void {
    this.#pack[Symbol.dispose]();
  }

  async #deflate(bytes: Uint8Array): Promise<Uint8Array> {
    const level = this.#level;
    if (bytes.length > SMALL) return await deflateInThread(Uint8Array.from(bytes), { level });
    return deflateSync(bytes, { level, chunkSize: SMALL_OUTPUT });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#writeFirst();
  }

  async #writeFirst(): Promise<void> {
    const { kind, number, size, deflated } = this.#waiting.shift()!;
    this.#waitingBytes -= size;
    const bytes = await deflated;
    this.#pack.beginEntry(kind, size);
    this.#pack.append(bytes);
    this.#pack.endEntry(number);
  }
}

const deflateInThread = promisify<Uint8Array, ZlibOptions, Uint8Array>(deflate);

async function* hashed(chunks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

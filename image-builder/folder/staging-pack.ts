import { writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createDeflate, deflate, deflateSync, type ZlibOptions } from "node:zlib";
import type { Hash } from "../../reader/git/hash.ts";
import { type ObjectKind, objectHash, objectId } from "../../reader/git/object.ts";
import { hex, raw } from "../../reader/git/object-id.ts";
import { encodeEntryHeader, encodePackHeader } from "../../reader/pack/format.ts";
import { encodeIdx } from "../../reader/pack/idx-encode.ts";
import type { PackObject } from "../packing/pack-object.ts";
import type { PackFiles } from "../packing/pack-objects.ts";
import { PackFile } from "./pack-file.ts";
import { storedStream } from "./stored-stream.ts";

/** Bytes; objects up to this size are deflated in this thread: to ask another would take longer. */
const SMALL = 1024;

/**
 * Bytes for a small object's stream, which hardly ever is longer than the object; each stays until it is
 * written.
 */
const SMALL_OUTPUT = SMALL + 64;

/** Bytes and objects that other threads may have to deflate before the next object has to wait. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
const MAX_WAITING = 64;

/** An object whose entry is written after those of all objects before it. */
interface Waiting {
  readonly kind: ObjectKind;
  readonly size: number;
  readonly deflated: Promise<Uint8Array>;
}

/**
 * A PACK of undeltified objects that is written to a file as the objects come, each content once. Memory is
 * proportional to the number of objects, whatever their sizes. Await each call before the next.
 */
export class StagingPack implements Disposable {
  readonly #file: PackFile;
  readonly #ids = new Set<string>();
  readonly #objects: PackObject[] = [];
  /** Of each object that is written: the offset of its entry, and its CRC-32. */
  readonly #offsets: number[] = [];
  readonly #crcs: number[] = [];
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  readonly #files: PackFiles;
  readonly #level: number | "temporary";

  /**
   * Creates the PACK's file, which must not exist.
   * @param start their path without `.pack` and `.idx`.
   * @param level zlib's, or `temporary` for a PACK that is repacked later.
   * @throws {Error} what `fs` throws.
   */
  constructor(start: string, level: number | "temporary") {
    this.#level = level;
    this.#files = { pack: `${start}.pack`, idx: `${start}.idx` };
    this.#file = new PackFile(this.#files.pack);
    this.#file.append(encodePackHeader(0));
  }

  /** Each object added, in the order in which they came. */
  get objects(): readonly PackObject[] {
    return this.#objects;
  }

  /**
   * Adds an object, whose bytes must not change afterwards. @returns its raw id.
   * @param path where it was found, as Latin-1.
   */
  async add(kind: ObjectKind, bytes: Uint8Array, path: string): Promise<Uint8Array> {
    const digest = objectId(kind, bytes);
    const id = hex(digest);
    if (this.#ids.has(id)) return digest;
    this.#ids.add(id);
    this.#objects.push({ id, kind, size: bytes.length, path });
    const deflated = deflateObject(bytes, this.#level);
    // Nobody awaits the promises of a PACK that is abandoned.
    deflated.catch(() => {});
    this.#waiting.push({ kind, size: bytes.length, deflated });
    this.#waitingBytes += bytes.length;
    while (this.#waitingBytes > MAX_WAITING_BYTES || this.#waiting.length > MAX_WAITING)
      await this.#writeFirst();
    return digest;
  }

  /**
   * Adds a blob of `size` bytes as a stream, which is never in memory as a whole. @returns its raw id.
   * @param chunks must yield exactly `size` bytes.
   * @throws {Error} what `chunks` throws; the signal's reason when aborted.
   */
  async addBlob(
    size: number,
    chunks: AsyncIterable<Uint8Array>,
    path: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    await this.#writeAll();
    const hash = objectHash("blob", size);
    const offset = this.#file.beginEntry();
    this.#file.append(encodeEntryHeader({ kind: "blob", size }));
    const write = async (deflated: AsyncIterable<Buffer>) => {
      for await (const chunk of deflated) this.#file.append(chunk);
    };
    const deflate = createDeflate({ level: zlibLevel(this.#level), chunkSize: 64 * 1024 });
    await pipeline(hashed(chunks, hash), deflate, write, { signal }).catch((error: unknown) => {
      // Rather than the error that streams have for it.
      signal?.throwIfAborted();
      throw error;
    });
    const digest = hash.digest();
    const id = hex(digest);
    if (this.#ids.has(id)) {
      // The id is known only now, and the PACK has the object already: the next entry overwrites this one.
      this.#file.rewind(offset);
    } else {
      this.#ids.add(id);
      this.#objects.push({ id, kind: "blob", size, path });
      this.#offsets.push(offset);
      this.#crcs.push(this.#file.crc);
    }
    return digest;
  }

  /** Completes the PACK, and writes its IDX. */
  async finish(): Promise<PackFiles> {
    await this.#writeAll();
    this.#file.overwriteStart(encodePackHeader(this.#objects.length));
    // The number of objects is hashed first and known last.
    const trailer = this.#file.sha1();
    this.#file.append(trailer);
    this.#file.flush();
    const entries = this.#objects.map(({ id }, index) => ({
      id: raw(id),
      offset: this.#offsets[index] as number,
      crc: this.#crcs[index] as number,
    }));
    entries.sort((a, b) => Buffer.compare(a.id, b.id));
    await writeFile(this.#files.idx, encodeIdx(entries, trailer), { flag: "wx" });
    return this.#files;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#writeFirst();
  }

  async #writeFirst(): Promise<void> {
    const { kind, size, deflated } = this.#waiting.shift()!;
    this.#waitingBytes -= size;
    const bytes = await deflated;
    this.#offsets.push(this.#file.beginEntry());
    this.#file.append(encodeEntryHeader({ kind, size }));
    this.#file.append(bytes);
    this.#crcs.push(this.#file.crc);
  }
}

const deflateInThread = promisify<Uint8Array, ZlibOptions, Uint8Array>(deflate);

async function deflateObject(bytes: Uint8Array, level: number | "temporary"): Promise<Uint8Array> {
  if (bytes.length > SMALL) return await deflateInThread(bytes, { level: zlibLevel(level) });
  return level === "temporary" ? storedStream(bytes) : deflateSync(bytes, { level, chunkSize: SMALL_OUTPUT });
}

/** Level 1 takes no more time than none does, as there is less to write and to read again. */
function zlibLevel(level: number | "temporary"): number {
  return level === "temporary" ? 1 : level;
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

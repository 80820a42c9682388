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

/** Objects up to this many bytes are deflated at once: another thread would take longer to be asked. */
const SMALL = 1024;

/** Bytes for a small object's stream, which hardly ever is longer than the object; each stays until it is written. */
const SMALL_OUTPUT = SMALL + 64;

/** Bytes and objects that may wait for other threads to deflate them before the next object has to wait. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
const MAX_WAITING = 64;

/** An object whose entry is written when those of all before it are. */
interface Waiting {
  readonly kind: ObjectKind;
  readonly size: number;
  readonly deflated: Promise<Uint8Array>;
}

/**
 * A PACK of whole objects (no deltas) that is written to a file as the objects come, each content once. Memory is bound
 * to the number of objects, whatever their sizes. One method at a time: each must be awaited.
 */
export class StagingPack implements Disposable {
  readonly #file: PackFile;
  readonly #ids = new Set<string>();
  readonly #objects: PackObject[] = [];
  /** Of each of the objects that are written: the place of its entry, and its CRC-32. */
  readonly #offsets: number[] = [];
  readonly #crcs: number[] = [];
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  readonly #files: PackFiles;
  readonly #level: number | "for now";

  /**
   * Creates the files, which must not be there.
   * @param start their path without `.pack` and `.idx`.
   * @param level zlib's, or `for now` for a PACK that is soon packed anew.
   * @throws {Error} what `fs` throws.
   */
  constructor(start: string, level: number | "for now") {
    this.#level = level;
    this.#files = { pack: `${start}.pack`, idx: `${start}.idx` };
    this.#file = new PackFile(this.#files.pack);
    this.#file.append(encodePackHeader(0));
  }

  /** Each object taken, in the order in which they came. */
  get objects(): readonly PackObject[] {
    return this.#objects;
  }

  /**
   * Takes an object that is in memory and must not change from now on. Gives its raw id.
   * @param path where it was found, as Latin-1.
   */
  async add(kind: ObjectKind, bytes: Uint8Array, path: string): Promise<Uint8Array> {
    const digest = objectId(kind, bytes);
    const id = hex(digest);
    if (this.#ids.has(id)) return digest;
    this.#ids.add(id);
    this.#objects.push({ id, kind, size: bytes.length, path });
    const deflated = deflateObject(bytes, this.#level);
    // A PACK that is given up has promises that nobody waits for.
    deflated.catch(() => {});
    this.#waiting.push({ kind, size: bytes.length, deflated });
    this.#waitingBytes += bytes.length;
    while (this.#waitingBytes > MAX_WAITING_BYTES || this.#waiting.length > MAX_WAITING)
      await this.#writeFirst();
    return digest;
  }

  /**
   * Takes a blob of `size` bytes as a stream, never whole in memory. Gives its raw id.
   * @throws {Error} whatever `chunks` throws, which must come to exactly `size` bytes; the signal's reason when aborted.
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
      // Only now is it known that it is there already: the next entry takes the place of this one.
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
    const entries = this.#objects.map(({ id }, place) => ({
      id: raw(id),
      offset: this.#offsets[place] as number,
      crc: this.#crcs[place] as number,
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

async function deflateObject(bytes: Uint8Array, level: number | "for now"): Promise<Uint8Array> {
  if (bytes.length > SMALL) return await deflateInThread(bytes, { level: zlibLevel(level) });
  return level === "for now" ? storedStream(bytes) : deflateSync(bytes, { level, chunkSize: SMALL_OUTPUT });
}

/** Level 1 takes no more time than none does, as there is less to write and to read again. */
function zlibLevel(level: number | "for now"): number {
  return level === "for now" ? 1 : level;
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

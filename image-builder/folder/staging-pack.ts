import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { constants, crc32, createDeflate, deflateSync } from "node:zlib";
import { type ObjectKind, objectId } from "../../guest/git/object.ts";
import type { IdxEntry } from "../../guest/pack/idx-encode.ts";
import { encodePackEntryHeader, encodePackHeader } from "./pack-encode.ts";

/** Speed matters here and size does not: git compresses everything once more for the image. */
const LEVEL = constants.Z_BEST_SPEED;

/** Bytes gathered before they are written. */
const BUFFER = 1024 * 1024;

/**
 * A PACK of whole objects (no deltas) that is written to a file as the objects come, each content once. Memory is bound
 * to the number of objects, whatever their sizes.
 */
export class StagingPack implements Disposable {
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER);
  #buffered = 0;
  /** Bytes that have left the buffer. */
  #written = 0;
  /** Entries, in the order of their offsets, and the raw ids (as Latin-1, the smallest key there is) they hold. */
  readonly #entries: IdxEntry[] = [];
  readonly #ids = new Set<string>();
  /** CRC-32 of the entry being written. */
  #crc = 0;

  /** Creates the file; it must not be there. @throws {Error} what `fs` throws. */
  constructor(path: string) {
    this.#file = openSync(path, "wx+");
    this.#append(encodePackHeader(0));
  }

  /** Takes an object that is in memory. Gives its raw id. */
  add(kind: ObjectKind, bytes: Uint8Array): Uint8Array {
    const id = objectId(kind, bytes);
    if (this.#has(id)) return id;
    const offset = this.#begin(kind, bytes.length);
    this.#append(deflateSync(bytes, { level: LEVEL }));
    this.#end(id, offset);
    return id;
  }

  /**
   * Takes a blob of `size` bytes as a stream, never whole in memory. Gives its raw id.
   * @throws {Error} whatever `chunks` throws, which must come to exactly `size` bytes.
   */
  async addBlob(size: number, chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<Uint8Array> {
    const hash = createHash("sha1").update(`blob ${size}\0`);
    const offset = this.#begin("blob", size);
    await pipeline(
      hashed(chunks, hash),
      createDeflate({ level: LEVEL, chunkSize: 64 * 1024 }),
      async (deflated: AsyncIterable<Buffer>) => {
        for await (const chunk of deflated) this.#append(chunk);
      },
      { signal },
    );
    const id = hash.digest();
    // Only now is it known whether it is there already; then the next entry takes the place of this one.
    if (this.#has(id)) this.#rewind(offset);
    else this.#end(id, offset);
    return id;
  }

  /** Completes the PACK: the number of objects and the trailer. Gives the trailer and all entries in the order of their ids. */
  finish(): { readonly trailer: Uint8Array; readonly entries: readonly IdxEntry[] } {
    this.#flush();
    writeSync(this.#file, encodePackHeader(this.#entries.length), 0, undefined, 0);
    const hash = createHash("sha1");
    for (let at = 0; at < this.#written; ) {
      const read = readSync(this.#file, this.#buffer, 0, Math.min(BUFFER, this.#written - at), at);
      hash.update(this.#buffer.subarray(0, read));
      at += read;
    }
    const trailer = hash.digest();
    this.#append(trailer);
    this.#flush();
    return { trailer, entries: this.#entries.toSorted((a, b) => Buffer.compare(a.id, b.id)) };
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #has(id: Uint8Array): boolean {
    return this.#ids.has(key(id));
  }

  #begin(kind: ObjectKind, size: number): number {
    const offset = this.#written + this.#buffered;
    this.#crc = 0;
    this.#append(encodePackEntryHeader(kind, size));
    return offset;
  }

  #end(id: Uint8Array, offset: number): void {
    this.#ids.add(key(id));
    this.#entries.push({ id, offset, crc: this.#crc });
  }

  #rewind(offset: number): void {
    if (offset >= this.#written) {
      this.#buffered = offset - this.#written;
    } else {
      this.#written = offset;
      this.#buffered = 0;
    }
  }

  #append(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
    if (this.#buffered + bytes.length > BUFFER) this.#flush();
    if (bytes.length > BUFFER) {
      this.#write(bytes);
    } else {
      this.#buffer.set(bytes, this.#buffered);
      this.#buffered += bytes.length;
    }
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const count = writeSync(this.#file, bytes, done, bytes.length - done, this.#written);
      this.#written += count;
      done += count;
    }
  }
}

function key(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("latin1");
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

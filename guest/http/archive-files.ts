import { setTimeout } from "node:timers/promises";
import { createDeflateRaw } from "node:zlib";
import { DocteurError } from "../../reader/errors.ts";
import { crc32 } from "../../reader/node-platform.ts";
import type { Store } from "../../reader/store/store.ts";
import { DEFLATED, STORED, type ZipContent } from "../archive/zip.ts";
import { type Content, type Contents, contentInMemory, memorySizeOf } from "./contents.ts";
import { fairYield } from "./fair-yield.ts";
import { COMMON_FIELDS } from "./rules/response-fields.ts";

/** Bytes of work before the next yield to the event loop. */
const STRIDE = 256 * 1024;

const PIECE_SIZE = 64 * 1024;

/** Bytes of a content for which there is memory at all times; only deltas that are larger are read whole. */
const SMALL = 1024 * 1024;

/** Bytes of memory of an archive beside large deltas: a content, as it is and compressed, and zlib's. */
export const ARCHIVE_MEMORY = 2 * SMALL + 512 * 1024;

/** Milliseconds before another attempt to get memory, or to join those who wait for deltas. */
const RETRY_TIME = 100;

/** The most attempts to get memory: archives that wait for each other must not do so for good. */
const MAX_ATTEMPTS = 300;

/** Bytes around the deflate data of a zlib stream (RFC 1950). */
const ZLIB_HEADER = 2;
const ZLIB_CHECKSUM = 4;

/** The content of a file, all of it verified. */
export interface ArchiveFile {
  /** Bytes of the file. */
  readonly size: number;
  /** Iterates once. */
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Frees the memory. */
  close(): void;
}

/** What `ArchiveFiles` needs beside the store. */
export interface ArchiveContext {
  readonly contents: Contents;
  /** Takes memory for so many bytes, and returns what releases it; undefined if there is none now. */
  takeMemory(bytes: number): Promise<(() => void) | undefined>;
  /** Whether the client still waits. */
  isWanted(): boolean;
}

/** Reads the files of an archive, one at a time, in steps between which others are served. */
export class ArchiveFiles {
  readonly #store: Store;
  readonly #context: ArchiveContext;
  /** Bytes of work until the next yield. */
  #left = STRIDE;

  constructor(store: Store, context: ArchiveContext) {
    this.#store = store;
    this.#context = context;
  }

  /**
   * Yields to the event loop if enough was done since the last time.
   * @param bytes of work that was done.
   * @throws {DocteurError} `REQUEST_ABANDONED`, if the client is gone.
   */
  async pause(bytes: number): Promise<void> {
    this.#left -= bytes;
    if (this.#left > 0) return;
    this.#left = STRIDE;
    await fairYield();
    this.#checkWanted();
  }

  /**
   * The content of a file as it is.
   * @throws {InvalidImageError} if it is damaged. @throws {DocteurError} `OBJECT_TOO_LARGE`,
   * `REQUEST_ABANDONED`; `QUEUE_FULL`, if there is no memory for half a minute.
   */
  async plain(path: Uint8Array, id: string): Promise<ArchiveFile> {
    const content = await this.#content(path, id);
    return { size: content.size, pieces: piecesOf(content), close: content.close };
  }

  /**
   * The content of a file as a zip has it: of an undeltified one, the deflate data that the image has; of a
   * delta, what is compressed here, unless there is no memory for that or it is not smaller.
   * @throws as `plain`.
   */
  async zipped(path: Uint8Array, id: string): Promise<ArchiveFile & ZipContent> {
    const blob = this.#store.openCompressed(path);
    if (blob === undefined) return this.#deflated(await this.#content(path, id));
    try {
      while (!blob.verify(STRIDE)) await this.pause(STRIDE);
    } finally {
      blob.close();
    }
    const { size } = blob;
    await this.pause(Math.min(size, STRIDE));
    const crc = blob.crc32!;
    if (size === 0) return { method: STORED, size, crc, stored: 0, pieces: [], close: () => {} };
    const end = blob.length! - ZLIB_CHECKSUM;
    const read = (at: number, length: number) => blob.read(at, length);
    const pieces = slices(ZLIB_HEADER, end, read);
    return { method: DEFLATED, size, crc, stored: end - ZLIB_HEADER, pieces, close: () => {} };
  }

  async #content(path: Uint8Array, id: string): Promise<Content> {
    const blob = this.#store.open(path);
    const { size, streams } = blob;
    // A small delta is made here; the cache is for what is requested by itself.
    if (!streams && size <= SMALL && blob.verify(STRIDE)) return contentInMemory(blob.whole!);
    blob.close();
    const isUndeltified = this.#store.openCompressed(path) !== undefined;
    const file = { kind: "file", path, id, size, type: "", isUndeltified, fields: COMMON_FIELDS } as const;
    const isAlwaysThere = isUndeltified || size <= SMALL;
    const release = isAlwaysThere ? undefined : await this.#takeMemory(memorySizeOf(file));
    for (;;) {
      try {
        const content = await this.#context.contents.identity(file, this.#context.isWanted);
        const close = () => {
          content.close();
          release?.();
        };
        return { ...content, close };
      } catch (error) {
        // An answer that has begun must wait for its turn.
        if (error instanceof DocteurError && error.code === "QUEUE_FULL" && this.#context.isWanted()) {
          await setTimeout(RETRY_TIME);
          continue;
        }
        release?.();
        throw error;
      }
    }
  }

  async #deflated(content: Content): Promise<ArchiveFile & ZipContent> {
    const { bytes, size } = content;
    let release: (() => void) | undefined;
    try {
      let crc = 0;
      for await (const piece of piecesOf(content)) {
        crc = crc32(piece, crc);
        await this.pause(piece.length);
      }
      if (size > SMALL) release = await this.#context.takeMemory(size);
      const hasMemory = size <= SMALL || release !== undefined;
      const compressed = bytes !== undefined && hasMemory ? await this.#deflate(bytes) : undefined;
      if (compressed === undefined) {
        release?.();
        release = undefined;
        return { method: STORED, size, crc, stored: size, pieces: piecesOf(content), close: content.close };
      }
      content.close();
      return { method: DEFLATED, size, crc, ...compressed, close: () => release?.() };
    } catch (error) {
      release?.();
      content.close();
      throw error;
    }
  }

  /** Compresses a content in another thread; undefined if that makes it no smaller. */
  async #deflate(bytes: Uint8Array): Promise<{ stored: number; pieces: Uint8Array[] } | undefined> {
    const pieces: Uint8Array[] = [];
    let stored = 0;
    for await (const piece of createDeflateRaw({ chunkSize: PIECE_SIZE }).end(bytes)) {
      this.#checkWanted();
      pieces.push(piece);
      stored += piece.length;
      if (stored >= bytes.length) return undefined;
    }
    return { stored, pieces };
  }

  async #takeMemory(bytes: number): Promise<() => void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const release = await this.#context.takeMemory(bytes);
      if (release !== undefined) return release;
      await setTimeout(RETRY_TIME);
      this.#checkWanted();
    }
    throw new DocteurError("QUEUE_FULL", `other answers leave no memory for a file of ${bytes} bytes`);
  }

  #checkWanted(): void {
    if (!this.#context.isWanted()) throw new DocteurError("REQUEST_ABANDONED", "the client is gone");
  }
}

function piecesOf({ bytes, size, pieces }: Content): ArchiveFile["pieces"] {
  if (bytes === undefined) return pieces({ start: 0, end: size });
  return slices(0, size, (at, length) => bytes.subarray(at, at + length));
}

function* slices(
  start: number,
  end: number,
  read: (at: number, length: number) => Uint8Array,
): Generator<Uint8Array> {
  for (let at = start; at < end; at += PIECE_SIZE) yield read(at, Math.min(PIECE_SIZE, end - at));
}

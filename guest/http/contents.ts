import { ByteLru } from "../../reader/byte-lru.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { BlobReader } from "../../reader/pack/blob-reader.ts";
import { PIECE_SIZE } from "../../reader/pack/piece-stream.ts";
import type { Store } from "../../reader/store/store.ts";
import type { Coding } from "./coding.ts";
import { LARGEST_COMPRESSED } from "./codings-of.ts";
import { Compressor } from "./compressor.ts";
import { DELTA_STREAM_MEMORY, LARGEST_DELTA_IN_MEMORY } from "./delta-limits.ts";
import { blobTag } from "./etag.ts";
import { fairYield } from "./fair-yield.ts";
import { GzipOfZlib, gzipSizeOf } from "./gzip.ts";
import type { Part } from "./range.ts";
import type { FileResource } from "./site.ts";
import { TaskQueue } from "./task-queue.ts";

/** Bytes of one representation of a file, at any offset, all verified. */
export interface Content {
  /** Bytes of the representation. */
  readonly size: number;
  /** All of it, if it is in memory. */
  readonly bytes: Uint8Array | undefined;
  /** Bytes of memory that it takes until `close`. */
  readonly memorySize: number;
  /** Reads a part in pieces, each in memory of its own. */
  pieces(part: Part): AsyncGenerator<Uint8Array>;
  /** Frees the memory. */
  close(): void;
}

/** Bytes of the cache of small contents. */
const CACHE_SIZE = 16 * 1024 * 1024;

/** The approximate overhead of each of them, in bytes. */
const ITEM_SIZE = 300;

/** Larger contents are sent in pieces. */
const LARGEST_IN_MEMORY = 1024 * 1024;

/**
 * Bytes that a content in pieces takes, measured: an inflater, its window, and pieces on either side of the
 * socket.
 */
const STREAM_MEMORY = 448 * 1024;

/** Bytes that are inflated before the next yield to the event loop. */
const STRIDE = 256 * 1024;

/** How many blobs are known to be verified, those used last. */
const MAX_VERIFIED = 16 * 1024;

/** The zlib stream of a verified blob: its bytes, and the CRC-32 of the blob. */
interface Stream {
  readonly length: number;
  readonly crc: number;
}

/**
 * Reads files' contents, as they are or compressed, and verifies each before it returns the first byte.
 */
export class Contents {
  readonly #store: Store;
  readonly #cache = new ByteLru<string, Uint8Array>(CACHE_SIZE);
  readonly #queue = new TaskQueue();
  /** Verified blobs, and what is known of their zlib streams; the first was used least recently. */
  readonly #verified = new Map<string, Stream | undefined>();
  readonly #compressor: Compressor;

  /** @param compressor compresses what is stored as a delta. */
  constructor(store: Store, compressor = new Compressor()) {
    this.#store = store;
    this.#compressor = compressor;
  }

  /** How many blobs are known to be verified. */
  get verified(): number {
    return this.#verified.size;
  }

  /** Bytes of the file in a coding, if they are known from verifying its content before. */
  verifiedSize({ id, size }: FileResource, coding: Coding): number | undefined {
    if (coding === "identity") return this.#verified.has(id) ? size : undefined;
    const stream = this.#verified.get(id);
    if (stream === undefined) return undefined;
    return coding === "gzip" ? gzipSizeOf(stream.length) : stream.length;
  }

  /** The content if it is in a cache. */
  cached({ id, isUndeltified }: FileResource, coding: Coding): Uint8Array | undefined {
    if (coding === "gzip" && !isUndeltified) return this.#compressor.cached(blobTag(id, coding));
    return this.#cache.get(keyOf(id, coding));
  }

  /**
   * The file in one of its codings.
   *
   * @param isWanted as of `identity`.
   * @returns undefined if the server cannot compress it now.
   * @throws as `identity`.
   */
  open(
    file: FileResource,
    coding: Coding,
    isWanted: () => boolean = () => true,
  ): Promise<Content | undefined> {
    if (coding === "identity") return this.identity(file, isWanted);
    return file.isUndeltified ? this.#stored(file, coding) : this.#compressed(file, isWanted);
  }

  /**
   * The file as it is.
   *
   * @param isWanted whether a client still waits for it; checked repeatedly while a large delta is applied.
   * @throws {InvalidImageError} if it is damaged. @throws {DocteurError} `OBJECT_TOO_LARGE`.
   */
  async identity(file: FileResource, isWanted: () => boolean = () => true): Promise<Content> {
    const { path, id, isUndeltified } = file;
    if (!isUndeltified) return this.#delta(file, isWanted);
    const blob = this.#store.open(path);
    // Not that of the file: memory beyond the blob is never filled.
    const { size } = blob;
    try {
      if (!this.#verified.has(id)) await verify(blob, size);
      this.#setVerified(id, this.#verified.get(id));
      if (size > LARGEST_IN_MEMORY) return contentInPieces(blob, STREAM_MEMORY);
      const bytes = Buffer.allocUnsafeSlow(size);
      blob.read(0, bytes);
      blob.close();
      return this.#keep(id, "identity", bytes);
    } catch (error) {
      blob.close();
      throw error;
    }
  }

  /** The zlib stream of an undeltified file as it is in the image, or as a gzip stream. */
  async #stored(file: FileResource, coding: "gzip" | "deflate"): Promise<Content> {
    const { path, id, size } = file;
    let stream = this.#verified.get(id);
    const blob = this.#store.openCompressed(path, stream?.length)!;
    try {
      await verify(blob, size);
    } finally {
      blob.close();
    }
    stream ??= { length: blob.length!, crc: blob.crc32! };
    this.#setVerified(id, stream);
    const zlib = (at: number, length: number) => blob.read(at, length);
    if (coding === "deflate") return this.#inPieces(id, coding, stream.length, zlib);
    const gzip = new GzipOfZlib(zlib, { ...stream, size });
    return this.#inPieces(id, coding, gzip.size, (at, length) => gzip.read(at, length));
  }

  #inPieces(
    id: string,
    coding: Coding,
    size: number,
    read: (at: number, length: number) => Uint8Array,
  ): Content {
    if (size <= LARGEST_IN_MEMORY) return this.#keep(id, coding, read(0, size));
    const memorySize = STREAM_MEMORY;
    return { size, bytes: undefined, memorySize, close: () => {}, pieces: (part) => pieces(part, read) };
  }

  /** A file that is stored as a delta, compressed here; undefined if that is too much work now. */
  async #compressed(file: FileResource, isWanted: () => boolean): Promise<Content | undefined> {
    const cached = this.cached(file, "identity");
    const content = cached ?? (await this.identity(file, isWanted)).bytes!;
    const stream = await this.#compressor.gzip(blobTag(file.id, "gzip"), content);
    return stream === undefined ? undefined : contentInMemory(stream);
  }

  /**
   * A file that is stored as a delta. Its deltas are applied in steps. A file of several steps, which takes
   * much memory meanwhile, waits for others of its kind, and is abandoned when no client waits for it any
   * more.
   */
  async #delta(file: FileResource, isWanted: () => boolean): Promise<Content> {
    const { path, id } = file;
    const soon = this.#store.open(path);
    try {
      if (soon.streams) return this.#largeDelta(file, isWanted);
      if (soon.verify(STRIDE)) return this.#keepVerified(id, soon.whole as Uint8Array);
    } finally {
      soon.close();
    }
    return this.#queue.add(async () => {
      const blob = this.#store.open(path);
      try {
        await verifyWanted(blob, isWanted);
        return this.#keepVerified(id, blob.whole as Uint8Array);
      } finally {
        blob.close();
      }
    });
  }

  /**
   * A file that is stored as a delta and too large for memory, or has such a base. It is verified as one of
   * several steps, and then sent in pieces.
   */
  async #largeDelta({ path, id, size }: FileResource, isWanted: () => boolean): Promise<Content> {
    const open = () => this.#store.open(path);
    const verified = async () => {
      const blob = open();
      try {
        await verifyWanted(blob, isWanted);
      } catch (error) {
        blob.close();
        throw error;
      }
      return blob;
    };
    const blob = this.#verified.has(id) ? open() : await this.#queue.add(verified);
    this.#setVerified(id, this.#verified.get(id));
    const content = contentInPieces(blob, DELTA_STREAM_MEMORY);
    if (size > LARGEST_COMPRESSED) return content;
    try {
      return this.#keep(id, "identity", await collect(content));
    } finally {
      content.close();
    }
  }

  #keepVerified(id: string, bytes: Uint8Array): Content {
    this.#setVerified(id, this.#verified.get(id));
    return this.#keep(id, "identity", bytes);
  }

  #keep(id: string, coding: Coding, bytes: Uint8Array): Content {
    this.#cache.set(keyOf(id, coding), bytes, bytes.length + ITEM_SIZE);
    return contentInMemory(bytes);
  }

  #setVerified(id: string, stream: Stream | undefined): void {
    this.#verified.delete(id);
    this.#verified.set(id, stream);
    if (this.#verified.size > MAX_VERIFIED) this.#verified.delete(this.#verified.keys().next().value!);
  }
}

/** Bytes of memory that a file's content takes, compressed in the image or not. */
export function memorySizeOf({ size, isUndeltified }: FileResource): number {
  if (isUndeltified) return size > LARGEST_IN_MEMORY ? STREAM_MEMORY : size;
  return size > LARGEST_DELTA_IN_MEMORY ? DELTA_STREAM_MEMORY : size;
}

/** A content that is in memory. */
export function contentInMemory(bytes: Uint8Array): Content {
  return {
    size: bytes.length,
    bytes,
    memorySize: bytes.length,
    close: () => {},
    pieces: async function* ({ start, end }) {
      yield bytes.subarray(start, end);
    },
  };
}

/** A content that is read in pieces. It closes the reader. */
function contentInPieces(blob: BlobReader, memorySize: number): Content {
  // Reading is a pass from the front.
  const approach = async (position: number) => {
    while (!blob.seek(position, STRIDE)) await fairYield();
  };
  const read = (at: number, length: number) => {
    const piece = Buffer.allocUnsafeSlow(length);
    blob.read(at, piece);
    return piece;
  };
  return {
    ...{ size: blob.size, bytes: undefined, memorySize },
    close: () => blob.close(),
    pieces: (part) => pieces(part, read, approach),
  };
}

/** All of a content. */
async function collect(content: Content): Promise<Buffer> {
  const collected = Buffer.allocUnsafeSlow(content.size);
  let at = 0;
  for await (const piece of content.pieces({ start: 0, end: content.size })) {
    collected.set(piece, at);
    at += piece.length;
  }
  return collected;
}

/** Verifies a content in steps, as long as it is wanted. @throws {DocteurError} `REQUEST_ABANDONED`. */
async function verifyWanted(blob: BlobReader, isWanted: () => boolean): Promise<void> {
  while (!blob.verify(STRIDE)) {
    await fairYield();
    if (!isWanted()) throw new DocteurError("REQUEST_ABANDONED", "no client waits for the file any more");
  }
}

/** Verifies a content, and yields to the event loop if it is large. */
async function verify(blob: { verify(limit: number): boolean }, size: number): Promise<void> {
  if (size > LARGEST_IN_MEMORY) await fairYield();
  while (!blob.verify(STRIDE)) await fairYield();
}

/** @param approach takes the reader to where it reads next. */
async function* pieces(
  { start, end }: Part,
  read: (at: number, length: number) => Uint8Array,
  approach?: (position: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    await approach?.(at);
    // No further than to where the reader's next piece begins.
    const length = Math.min(PIECE_SIZE - (at % PIECE_SIZE), end - at);
    yield read(at, length);
    at += length;
    // One response that never waits for the device would block all others.
    await fairYield();
  }
}

function keyOf(id: string, coding: Coding): string {
  return coding === "identity" ? id : `${id}${coding}`;
}

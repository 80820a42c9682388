import { ByteLru } from "../../reader/byte-lru.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { Store } from "../../reader/store/store.ts";
import { fairYield } from "./fair-yield.ts";
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

const PIECE_SIZE = 64 * 1024;

/**
 * Bytes that a content in pieces takes, measured: an inflater, its window, and pieces on either side of the
 * socket.
 */
const STREAM_MEMORY = 448 * 1024;

/** Bytes that are inflated before the next yield to the event loop. */
const STRIDE = 256 * 1024;

/** How many blobs are known to be verified, those used last. */
const MAX_VERIFIED = 16 * 1024;

/**
 * Reads files' contents, as they are or as zlib compressed them, and verifies each before it returns the
 * first byte.
 */
export class Contents {
  readonly #store: Store;
  readonly #cache = new ByteLru<string, Uint8Array>(CACHE_SIZE);
  readonly #queue = new TaskQueue();
  /** Verified blobs, and the bytes of their zlib streams if known; the first was used least recently. */
  readonly #verified = new Map<string, number | undefined>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** How many blobs are known to be verified. */
  get verified(): number {
    return this.#verified.size;
  }

  /** Bytes of the file, or of its zlib stream, if its content has been verified before. */
  verifiedSize({ id, size }: FileResource, compressed: boolean): number | undefined {
    if (compressed) return this.#verified.get(id);
    return this.#verified.has(id) ? size : undefined;
  }

  /** The content if it is in the cache. */
  cached({ id }: FileResource, compressed: boolean): Uint8Array | undefined {
    return this.#cache.get(keyOf(id, compressed));
  }

  /**
   * The file as it is.
   *
   * @param isWanted whether a client still waits for it; checked repeatedly while a large delta is applied.
   * @throws {InvalidImageError} if it is damaged. @throws {DocteurError} `OBJECT_TOO_LARGE`.
   */
  async identity(file: FileResource, isWanted: () => boolean = () => true): Promise<Content> {
    const { path, id, size, isUndeltified } = file;
    if (!isUndeltified) return this.#delta(file, isWanted);
    const blob = this.#store.open(path);
    /** Bytes before this have passed by since the start. */
    let position = 0;
    try {
      if (!this.#verified.has(id)) await verify(blob, size);
      this.#setVerified(id, this.#verified.get(id));
      const read = (at: number, length: number) => {
        const piece = Buffer.allocUnsafeSlow(length);
        position = at + blob.read(at, piece);
        return piece;
      };
      if (size <= LARGEST_IN_MEMORY) {
        const bytes = read(0, size);
        blob.close();
        return this.#keep(id, false, bytes);
      }
      return {
        size,
        bytes: undefined,
        memorySize: memorySizeOf(file),
        close: () => blob.close(),
        pieces: (part) => pieces(part, read, approach),
      };
    } catch (error) {
      blob.close();
      throw error;
    }
    /**
     * Reading is a pass from the front, and a step back starts again there: inflates the bytes before the
     * part, and yields meanwhile.
     */
    async function approach(start: number): Promise<void> {
      const byte = Buffer.alloc(1);
      for (let at = start < position ? 0 : position; at < start; at += STRIDE) {
        blob.read(at, byte);
        await fairYield();
      }
    }
  }

  /**
   * The file's zlib stream as it is in the image; the file must be one that `isUndeltified`.
   * @throws {InvalidImageError} if it is damaged.
   */
  async compressed(file: FileResource): Promise<Content> {
    const { path, id } = file;
    const known = this.#verified.get(id);
    const blob = this.#store.openCompressed(path, known)!;
    try {
      await verify(blob, file.size);
    } finally {
      blob.close();
    }
    const size = blob.length!;
    this.#setVerified(id, size);
    const read = (at: number, length: number) => blob.read(at, length);
    if (size <= LARGEST_IN_MEMORY) return this.#keep(id, true, read(0, size));
    const memorySize = STREAM_MEMORY;
    return { size, bytes: undefined, memorySize, close: () => {}, pieces: (part) => pieces(part, read) };
  }

  /**
   * A file that is stored as a delta. Its deltas are applied in steps. A file of several steps, which takes
   * much memory meanwhile, waits for others of its kind, and is abandoned when no client waits for it any
   * more.
   */
  async #delta({ path, id }: FileResource, isWanted: () => boolean): Promise<Content> {
    const soon = this.#store.open(path);
    try {
      if (soon.verify(STRIDE)) return this.#keepVerified(id, soon.whole as Uint8Array);
    } finally {
      soon.close();
    }
    return this.#queue.add(async () => {
      const blob = this.#store.open(path);
      try {
        while (!blob.verify(STRIDE)) {
          await fairYield();
          if (!isWanted())
            throw new DocteurError("REQUEST_ABANDONED", "no client waits for the file any more");
        }
        return this.#keepVerified(id, blob.whole as Uint8Array);
      } finally {
        blob.close();
      }
    });
  }

  #keepVerified(id: string, bytes: Uint8Array): Content {
    this.#setVerified(id, this.#verified.get(id));
    return this.#keep(id, false, bytes);
  }

  #keep(id: string, compressed: boolean, bytes: Uint8Array): Content {
    this.#cache.set(keyOf(id, compressed), bytes, bytes.length + ITEM_SIZE);
    return contentInMemory(bytes);
  }

  #setVerified(id: string, length: number | undefined): void {
    this.#verified.delete(id);
    this.#verified.set(id, length);
    if (this.#verified.size > MAX_VERIFIED) this.#verified.delete(this.#verified.keys().next().value!);
  }
}

/** Bytes of memory that a file's content takes, compressed or not. */
export function memorySizeOf({ size, isUndeltified }: FileResource): number {
  return size > LARGEST_IN_MEMORY && isUndeltified ? STREAM_MEMORY : size;
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

/** Verifies a content, and yields to the event loop if it is large. */
async function verify(blob: { verify(limit: number): boolean }, size: number): Promise<void> {
  if (size > LARGEST_IN_MEMORY) await fairYield();
  while (!blob.verify(STRIDE)) await fairYield();
}

async function* pieces(
  { start, end }: Part,
  read: (at: number, length: number) => Uint8Array,
  approach?: (start: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  await approach?.(start);
  for (let at = start; at < end; at += PIECE_SIZE) {
    yield read(at, Math.min(PIECE_SIZE, end - at));
    // One response that never waits for the device would block all others.
    await fairYield();
  }
}

function keyOf(id: string, compressed: boolean): string {
  return compressed ? `${id}z` : id;
}

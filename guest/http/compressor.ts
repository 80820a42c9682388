import { constants, deflateRawSync } from "node:zlib";
import { ByteLru } from "../../reader/byte-lru.ts";
import { crc32 } from "../../reader/node-platform.ts";
import { fairYield } from "./fair-yield.ts";
import { GZIP_HEADER, gzipTrailer } from "./gzip.ts";
import { RateLimit } from "./rate-limit.ts";

/** The fastest level: an emulated machine compresses 23 MB a second with it, and 7 MB with zlib's default. */
const LEVEL = 1;

/** Bytes that are compressed before the next yield to the event loop. */
const STEP = 128 * 1024;

/** Bytes of content before a step that it may refer to: zlib's window. */
const WINDOW = 32 * 1024;

/** Bytes that can be compressed a second, and how many can be saved up. */
const RATE = 4 * 1024 * 1024;
const MAX_SAVED = 2 * RATE;

/** What the start of a content costs, in bytes that are compressed in the same time. */
const START_COST = 16 * 1024;

/** Bytes of the results that are kept. */
const CACHE_SIZE = 8 * 1024 * 1024;

/** The approximate overhead of each of them, in bytes. */
const ITEM_SIZE = 300;

/** Compresses contents that are not compressed in the image, within a limit of bytes a second. */
export class Compressor {
  readonly #cache = new ByteLru<string, Uint8Array>(CACHE_SIZE);
  readonly #running = new Map<string, Promise<Uint8Array>>();
  readonly #limit: RateLimit;
  #compressed = 0;

  /** @param now milliseconds of a clock that does not go back. Default `performance.now`. */
  constructor(now?: () => number) {
    this.#limit = new RateLimit(RATE, MAX_SAVED, now);
  }

  /** Bytes of content compressed so far. */
  get compressed(): number {
    return this.#compressed;
  }

  /** The gzip stream of a content that was compressed before, if it is still kept. @param tag as of `gzip`. */
  cached(tag: string): Uint8Array | undefined {
    return this.#cache.get(tag);
  }

  /**
   * The gzip stream of a content (RFC 1952), the same bytes each time. Equal tags share the work.
   *
   * @param tag the entity tag of the stream.
   * @returns undefined if the limit is reached: then nothing is compressed.
   */
  async gzip(tag: string, content: Uint8Array): Promise<Uint8Array | undefined> {
    const cached = this.#cache.get(tag) ?? this.#running.get(tag);
    if (cached !== undefined) return cached;
    if (!this.#limit.spend(START_COST + content.length)) return undefined;
    const running = this.#compress(content);
    this.#running.set(tag, running);
    try {
      const stream = await running;
      this.#cache.set(tag, stream, stream.length + ITEM_SIZE);
      return stream;
    } finally {
      this.#running.delete(tag);
    }
  }

  /**
   * Each step is a sequence of deflate blocks that ends at a whole byte, so that they can be put one behind
   * the other (RFC 1951, section 3.2.3; zlib's manual, `Z_SYNC_FLUSH`).
   */
  async #compress(content: Uint8Array): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [GZIP_HEADER];
    let crc = 0;
    let at = 0;
    do {
      const end = Math.min(at + STEP, content.length);
      const step = content.subarray(at, end);
      pieces.push(
        deflateRawSync(step, {
          level: LEVEL,
          finishFlush: end === content.length ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
          ...(at > 0 ? { dictionary: content.subarray(at - WINDOW, at) } : {}),
        }),
      );
      crc = crc32(step, crc);
      this.#compressed += step.length;
      at = end;
      if (at < content.length) await fairYield();
    } while (at < content.length);
    pieces.push(gzipTrailer(crc, content.length));
    return Buffer.concat(pieces);
  }
}

import { setTimeout as delay } from "node:timers/promises";
import { SourceError } from "../../reader/source-error.ts";
import type { Source } from "../../remote/source.ts";

export interface FakeOptions {
  readonly key?: string;
  /** Bytes that opening brings. Default none. */
  readonly start?: number;
  /** Milliseconds that a read takes: a number, or what it is for the nth read. */
  readonly delay?: (read: number) => number;
  /** Whether the nth read fails. */
  readonly fails?: (read: number) => boolean;
}

/** A source over bytes in memory, that counts its reads. */
export class FakeSource implements Source {
  readonly display = "fake://image";
  readonly key: string;
  readonly size: number;
  readonly start: Uint8Array;
  /** Offset and length of each read. */
  readonly reads: [number, number][] = [];
  /** Reads that are under way, and the most that were. */
  running = 0;
  most = 0;
  isClosed = false;
  bytes: Uint8Array;
  readonly #options: FakeOptions;

  constructor(bytes: Uint8Array, options: FakeOptions = {}) {
    this.bytes = bytes;
    this.size = bytes.length;
    this.key = options.key ?? "fake";
    this.start = bytes.slice(0, options.start ?? 0);
    this.#options = options;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (offset < 0 || length <= 0 || offset + length > this.size) throw new Error("beyond the end");
    const read = this.reads.push([offset, length]) - 1;
    this.running++;
    this.most = Math.max(this.most, this.running);
    try {
      await delay(this.#options.delay?.(read) ?? 0, undefined, { signal });
      if (this.#options.fails?.(read) === true) {
        throw new SourceError("SOURCE_UNREACHABLE", `fake://image: read ${read} fails`);
      }
      return this.bytes.slice(offset, offset + length);
    } finally {
      this.running--;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
  }
}

/** Bytes that tell where they are from: no two blocks are the same. */
export function patterned(length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
  return new Uint8Array(bytes.buffer);
}

import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import test from "ava";
import { Blocks } from "../../remote/blocks.ts";
import type { Source } from "../../remote/source.ts";

const MIB = 1024 * 1024;

/** As `Blocks` has them by default. */
const [MEMORY, REQUESTS] = [16 * MIB, 8];

/** Bytes of one request at most: a quarter of what is read ahead. */
const LONGEST = MEMORY / 2 / 4;

/** A source of zeroes over a link: each answer takes 50 ms, and its bytes come at 64 MiB a second, one after another. */
class Link implements Source {
  readonly display = "fake://link";
  readonly key = "link";
  readonly size = 96 * MIB;
  readonly start = new Uint8Array(0);
  /** Bytes of the answers that are under way, and the most that were. */
  underWay = 0;
  most = 0;
  longest = 0;
  #free = 0;

  async read(_offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    this.underWay += length;
    this.most = Math.max(this.most, this.underWay);
    this.longest = Math.max(this.longest, length);
    try {
      const now = performance.now();
      this.#free = Math.max(this.#free, now + 50) + length / ((64 * MIB) / 1000);
      await delay(this.#free - now, undefined, { signal });
      return new Uint8Array(length);
    } finally {
      this.underWay -= length;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of buffers that somebody holds. */
function held(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

for (const readers of [1, 5]) {
  test.serial(`${readers} readers that go on hold no more than what the documents say`, async (t) => {
    const source = new Link();
    const before = held();
    let most = 0;
    {
      await using image = new Blocks(source);
      const part = Math.floor(source.size / readers / MIB) * MIB;
      await Promise.all(
        Array.from({ length: readers }, async (_, reader) => {
          for (let at = 0; at < part; at += 256 * 1024) {
            await image.read(reader * part + at, 256 * 1024);
            if (at % (2 * MIB) === 0) most = Math.max(most, held() - before);
          }
        }),
      );
    }
    t.true(source.longest <= LONGEST, `${source.longest} bytes in one request`);
    // Reading ahead stays within half of the memory for all readers together; each waits for a part of its own.
    const ahead = MEMORY / 2 + readers * MIB;
    t.true(source.most <= Math.min(REQUESTS * LONGEST, ahead), `${source.most} bytes under way`);
    // A request that has just come is there once more, until its blocks are copied.
    t.true(most <= MEMORY + ahead + LONGEST + readers * MIB, `${most} bytes held`);
    t.log(`${(most / MIB).toFixed(1)} MiB held, ${(source.most / MIB).toFixed(1)} MiB under way`);
  });
}

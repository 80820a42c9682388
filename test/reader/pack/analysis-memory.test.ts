import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { deflateSync } from "node:zlib";
import test from "ava";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { analyzePack } from "../../../reader/pack/analyze.ts";
import { delta, insert, type MadeEntry, makePack, whole } from "../pack-fixture.ts";

const COUNT = 120_000;

/**
 * Bytes that an analysis holds whatever the PACK is: sectors, an inflater, a table for sorting, and what else
 * happens to be there.
 */
const CONSTANT = 4 * 2 ** 20;

/** What a PACK's analysis holds at most, in bytes, beyond the PACK. */
function peak(pack: Buffer): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const held = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = held();
  let most = 0;
  let told = 0;
  const analysis = analyzePack(new SectorCache(memoryDevice(pack)), 0, pack.length, {
    format: SHA1,
    baseCacheSize: 0,
    onProgress: () => {
      if (told++ % 100 === 0) most = Math.max(most, held() - before);
    },
  });
  most = Math.max(most, held() - before);
  if (analysis.count !== COUNT + 1) throw new Error("not all is analyzed");
  return most;
}

for (const [name, type] of [
  ["OFS_DELTA", 6],
  ["REF_DELTA", 7],
] as const) {
  test(`an analysis holds 60 bytes for each ${name}`, (t) => {
    const base = whole("blob", "base");
    const stream = deflateSync(delta(4, 4, insert("base")));
    const { pack } = makePack([
      base,
      ...Array.from({ length: COUNT }, (_, i): MadeEntry => {
        return { id: i.toString(16).padStart(40, "0"), type, data: Buffer.alloc(7), stream, base: base.id };
      }),
    ]);
    const most = peak(pack);
    t.true(most < 60 * COUNT + CONSTANT, `${(most - CONSTANT) / COUNT} bytes an entry`);
  });
}

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { deflateSync } from "node:zlib";
import test from "ava";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { SHA1, SHA256 } from "../../../reader/node-platform.ts";
import { analyzePack } from "../../../reader/pack/analyze.ts";
import { delta, insert, type MadeEntry, makePack, whole } from "../pack-fixture.ts";

const COUNT = 120_000;

/**
 * Bytes that an analysis holds whatever the PACK is: sectors, an inflater, a table for sorting, and what else
 * happens to be there.
 */
const CONSTANT = 4 * 2 ** 20;

/** What a PACK's analysis holds at most, in bytes, beyond the PACK. */
function peak(pack: Buffer, format: ObjectFormat): number {
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
    format,
    baseCacheSize: 0,
    onProgress: () => {
      if (told++ % 100 === 0) most = Math.max(most, held() - before);
    },
  });
  most = Math.max(most, held() - before);
  if (analysis.count !== COUNT + 1) throw new Error("not all is analyzed");
  return most;
}

for (const [name, type, format] of [
  ["OFS_DELTA", 6, SHA1],
  ["REF_DELTA", 7, SHA1],
  ["REF_DELTA", 7, SHA256],
] as const) {
  const most = 40 + format.idLength;

  test(`${format.name}: an analysis holds ${most} bytes for each ${name}`, (t) => {
    const base = whole("blob", "base", format);
    const stream = deflateSync(delta(4, 4, insert("base")));
    const digits = 2 * format.idLength;
    const deltas = Array.from({ length: COUNT }, (_, i): MadeEntry => {
      return { id: i.toString(16).padStart(digits, "0"), type, data: Buffer.alloc(7), stream, base: base.id };
    });
    const { pack } = makePack([base, ...deltas], format);
    const held = peak(pack, format);
    t.true(held < most * COUNT + CONSTANT, `${(held - CONSTANT) / COUNT} bytes an entry`);
  });
}

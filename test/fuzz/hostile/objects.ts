import { deflateSync } from "node:zlib";
import { copy, delta, type MadeEntry } from "../../reader/pack-fixture.ts";
import type { Random } from "../random.ts";
import { MIB, OFS_DELTA, type Parts, type UpTo } from "./parts.ts";

/** Sizes that are not so. */
export function falseClaims(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const claim = () => 2 ** (10 + random.below(44)) - random.below(3);
  const base = parts.whole("blob", "base");
  const entries: MadeEntry[] = [
    base,
    { ...parts.whole("blob", "x".repeat(upTo(MIB))), id: parts.fakeId(0), size: claim() },
    { id: parts.fakeId(1), type: OFS_DELTA, data: delta(4, claim(), copy(0, 4)), base: base.id },
    { id: parts.fakeId(2), type: OFS_DELTA, data: delta(claim(), 4, copy(0, 4)), base: base.id },
    { id: parts.fakeId(3), type: OFS_DELTA, data: delta(4, 4, copy(0, 4)), size: claim(), base: base.id },
    {
      id: parts.fakeId(4),
      type: OFS_DELTA,
      data: delta(4, claim(), Buffer.alloc(upTo(MIB), 0x80)),
      base: base.id,
    },
    { ...parts.whole("tree", Buffer.alloc(upTo(MIB))), id: parts.fakeId(5), size: claim() },
  ];
  const root = entries.map(({ id }, i) => ({
    name: `f${i}`,
    id,
    mode: i === 6 ? "40000" : random.once(5) ? "120000" : "100644",
  }));
  return parts.imageOf(root, entries);
}

export function hugeCommit(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const leaf = parts.whole("blob", "leaf");
  const size = upTo(8 * MIB);
  const text = random.pick(["<", "€", "\x01", "a b\n", "\n", "aa\n"]);
  const long = text.repeat(Math.ceil(size / Buffer.byteLength(text)));
  const parent = `parent ${parts.fakeId(0)}\n`;
  const more = random.pick([
    { message: long },
    { headers: `x ${long.replaceAll("\n\n", "\n")}\n` },
    { headers: parent.repeat(Math.ceil(size / parent.length)) },
  ]);
  return parts.imageOf([{ name: "a", id: leaf.id }], [leaf], more);
}

/** Whatever deflate makes of zeroes. */
export function bombs(parts: Parts, upTo: UpTo): Buffer {
  const size = upTo(24 * MIB);
  const blob = parts.zeroBlob(size);
  const data = Buffer.alloc(size);
  const tree = { ...parts.whole("tree", data), stream: blob.stream!, data: Buffer.alloc(0), size };
  return parts.imageOf(
    [
      { name: "a", id: blob.id },
      { name: "b", id: blob.id, mode: "120000" },
      { name: "c", id: tree.id, mode: "40000" },
    ],
    [blob, tree],
  );
}

/** More entries than anything has to say about. */
export function manyTiny(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const empty = parts.whole("blob", "");
  const stream = deflateSync(Buffer.alloc(0));
  const count = upTo(8000);
  const same = random.once(2);
  const entries = Array.from({ length: count }, (_, i) =>
    same ? { ...empty, stream } : parts.whole("blob", `${i}`),
  );
  return parts.imageOf([{ name: "a", id: entries[0]!.id }], entries);
}

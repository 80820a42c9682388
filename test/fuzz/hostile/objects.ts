import { deflateSync } from "node:zlib";
import { copy, delta, type MadeEntry, whole } from "../../reader/pack-fixture.ts";
import type { Random } from "../random.ts";
import { fakeId, imageOf, MIB, OFS_DELTA, type UpTo, zeroBlob } from "./parts.ts";

/** Sizes that are not so. */
export function falseClaims(upTo: UpTo, random: Random): Buffer {
  const claim = () => 2 ** (10 + random.below(44)) - random.below(3);
  const base = whole("blob", "base");
  const entries: MadeEntry[] = [
    base,
    { ...whole("blob", "x".repeat(upTo(MIB))), id: fakeId(0), size: claim() },
    { id: fakeId(1), type: OFS_DELTA, data: delta(4, claim(), copy(0, 4)), base: base.id },
    { id: fakeId(2), type: OFS_DELTA, data: delta(claim(), 4, copy(0, 4)), base: base.id },
    { id: fakeId(3), type: OFS_DELTA, data: delta(4, 4, copy(0, 4)), size: claim(), base: base.id },
    {
      id: fakeId(4),
      type: OFS_DELTA,
      data: delta(4, claim(), Buffer.alloc(upTo(MIB), 0x80)),
      base: base.id,
    },
    { ...whole("tree", Buffer.alloc(upTo(MIB))), id: fakeId(5), size: claim() },
  ];
  const root = entries.map(({ id }, i) => ({
    name: `f${i}`,
    id,
    mode: i === 6 ? "40000" : random.once(5) ? "120000" : "100644",
  }));
  return imageOf(root, entries);
}

export function hugeCommit(upTo: UpTo, random: Random): Buffer {
  const leaf = whole("blob", "leaf");
  const size = upTo(8 * MIB);
  const text = random.pick(["<", "€", "\x01", "a b\n", "\n", "aa\n"]);
  const long = text.repeat(Math.ceil(size / Buffer.byteLength(text)));
  const parent = `parent ${fakeId(0)}\n`;
  const more = random.pick([
    { message: long },
    { headers: `x ${long.replaceAll("\n\n", "\n")}\n` },
    { headers: parent.repeat(Math.ceil(size / parent.length)) },
  ]);
  return imageOf([{ name: "a", id: leaf.id }], [leaf], more);
}

/** Whatever deflate makes of zeroes. */
export function bombs(upTo: UpTo): Buffer {
  const size = upTo(24 * MIB);
  const blob = zeroBlob(size);
  const data = Buffer.alloc(size);
  const tree = { ...whole("tree", data), stream: blob.stream!, data: Buffer.alloc(0), size };
  return imageOf(
    [
      { name: "a", id: blob.id },
      { name: "b", id: blob.id, mode: "120000" },
      { name: "c", id: tree.id, mode: "40000" },
    ],
    [blob, tree],
  );
}

/** More entries than anything has to say about. */
export function manyTiny(upTo: UpTo, random: Random): Buffer {
  const empty = whole("blob", "");
  const stream = deflateSync(Buffer.alloc(0));
  const count = upTo(8000);
  const same = random.once(2);
  const entries = Array.from({ length: count }, (_, i) =>
    same ? { ...empty, stream } : whole("blob", `${i}`),
  );
  return imageOf([{ name: "a", id: entries[0]!.id }], entries);
}

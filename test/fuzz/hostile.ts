import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { objectId } from "../../reader/git/object.ts";
import { hex } from "../../reader/git/object-id.ts";
import { assembleImage } from "../reader/image-fixture.ts";
import { copy, delta, insert, type MadeEntry, makePack, whole } from "../reader/pack-fixture.ts";
import { encodeTree } from "../reader/repository.ts";
import type { Random } from "./random.ts";

const OFS_DELTA = 6;
const REF_DELTA = 7;
const MIB = 1024 ** 2;

/** Chooses a size of at most so much. */
type UpTo = (most: number) => number;

/**
 * An image that is made to take its reader's time or memory, its ids right where that leads further.
 * @param isLarge whether it is to be as large as these get; most others are small.
 */
export function generateHostile(random: Random, isLarge: boolean): Buffer {
  const make = random.pick(Object.values(SHAPES));
  return make(isLarge ? largest(random) : anySize(random), random);
}

/** Small ones as likely as large ones. */
function anySize(random: Random): UpTo {
  return (most) => Math.max(1, Math.floor(2 ** ((random.below(1000) / 1000) * Math.log2(most))));
}

export function largest(random: Random): UpTo {
  return (most) => Math.max(1, most - random.below(Math.ceil(most / 8)));
}

/** By what they overdo. */
export const SHAPES: Readonly<Record<string, (upTo: UpTo, random: Random) => Buffer>> = {
  depth: deepChain,
  width: wideFamily,
  growth: growingChain,
  shrinking: smallOfBig,
  instructions: manyInstructions,
  references: references,
  claims: falseClaims,
  sharing: sharedTrees,
  entries: hugeFolders,
  nesting: deepTrees,
  links: longLinks,
  names: longNames,
  commit: hugeCommit,
  inflation: bombs,
  number: manyTiny,
};

function fakeId(number: number): string {
  return createHash("sha1").update(`${number}`).digest("hex");
}

/** Zeroes, of which few sizes are hashed and deflated again and again. */
const zeroes = new Map<number, MadeEntry>();

function zeroBlob(size: number): MadeEntry {
  let entry = zeroes.get(size);
  if (entry === undefined) {
    const data = Buffer.alloc(size);
    entry = {
      id: hex(objectId("blob", data)),
      type: 3,
      data: Buffer.alloc(0),
      size,
      stream: deflateSync(data),
    };
    if (zeroes.size > 64) zeroes.clear();
    zeroes.set(size, entry);
  }
  return entry;
}

/** A delta that copies all of its source `times` over. */
function copying(size: number, times = 1): { data: Buffer; stream: Buffer } {
  const most = 0xffffff;
  const instructions: Buffer[] = [];
  for (let at = 0; at < size; at += most) instructions.push(copy(at, Math.min(most, size - at)));
  const data = delta(size, size * times, ...Array.from({ length: times }, () => instructions).flat());
  return { data, stream: deflateSync(data) };
}

interface Named {
  readonly mode?: string;
  readonly name: string | Buffer;
  readonly id: string;
}

/** An image of entries, with these in its root. Wrong order is none of its business. */
function imageOf(
  root: readonly Named[],
  entries: readonly MadeEntry[],
  more: { message?: string; headers?: string } = {},
) {
  const tree = whole("tree", encodeTree(root.map(({ mode = "100644", name, id }) => ({ mode, name, id }))));
  return imageOfRoot(tree, entries, more);
}

function imageOfRoot(
  tree: MadeEntry,
  entries: readonly MadeEntry[],
  { message = "", headers = "" }: { message?: string; headers?: string } = {},
): Buffer {
  const who = "A <a@b> 1602316800 +0200";
  const commit = whole("commit", `tree ${tree.id}\nauthor ${who}\ncommitter ${who}\n${headers}\n${message}`);
  return assembleImage({ commit: commit.id, ...makePack([...entries, tree, commit]) });
}

/** Deltas one upon the other, each of which copies all; only the last has its true id. */
function deepChain(upTo: UpTo, random: Random): Buffer {
  const size = upTo(4 * MIB);
  const depth = upTo(random.once(4) ? 6000 : 4000);
  const { id, ...base } = zeroBlob(size);
  const made = copying(size);
  const entries: MadeEntry[] = [{ ...base, id: fakeId(-1) }];
  const byId = random.once(4);
  for (let i = 0; i < depth; i++) {
    const last = i === depth - 1;
    const below = entries.at(-1)!.id;
    entries.push({ ...made, id: last ? id : fakeId(i), type: byId ? REF_DELTA : OFS_DELTA, base: below });
  }
  const others = entries.slice(-5).map((entry, i) => ({ name: `b${i}`, id: entry.id }));
  return imageOf([{ name: "a", id }, ...others], entries);
}

/** Many deltas over one base, each of which makes something large of its own. */
function wideFamily(upTo: UpTo): Buffer {
  const size = 4 + upTo(2 * MIB);
  const base = zeroBlob(size);
  const entries: MadeEntry[] = [base];
  const root: Named[] = [];
  for (let i = upTo(1000); i > 0; i--) {
    const own = Buffer.alloc(4);
    own.writeUInt32BE(i);
    const data = delta(size, size, copy(0, size - 4), insert(own));
    // Few of them are looked at, and hashing all takes long.
    const target = i < 4 ? Buffer.concat([Buffer.alloc(size - 4), own]) : undefined;
    const id = target === undefined ? fakeId(i) : hex(objectId("blob", target));
    entries.push({ id, type: OFS_DELTA, data, base: base.id });
    root.push({ name: `f${String(i).padStart(5, "0")}`, id });
  }
  return imageOf(root.reverse(), entries);
}

/** Each object twice to nine times as large as the one before. */
function growingChain(upTo: UpTo, random: Random): Buffer {
  let size = upTo(70_000);
  const entries: MadeEntry[] = [zeroBlob(size)];
  for (let i = 0; size < 2 ** 31 && i < 40; i++) {
    const times = 2 + random.below(8);
    entries.push({ ...copying(size, times), id: fakeId(i), type: OFS_DELTA, base: entries.at(-1)!.id });
    size *= times;
  }
  return imageOf(
    entries.map(({ id }, i) => ({ name: `f${String(i).padStart(3, "0")}`, id })),
    entries,
  );
}

/** A few bytes at the end of chains of large objects, of which more are needed than are kept. */
function smallOfBig(upTo: UpTo): Buffer {
  const size = upTo(4 * MIB);
  const depth = upTo(60);
  const made = copying(size);
  const small = whole("blob", "\0\0\0");
  const entries: MadeEntry[] = [];
  const root: Named[] = [];
  for (let chain = 0; chain < 4; chain++) {
    entries.push({ ...zeroBlob(size), id: fakeId(chain) });
    for (let i = 0; i < depth; i++) {
      entries.push({
        ...made,
        id: fakeId(100 + chain * depth + i),
        type: OFS_DELTA,
        base: entries.at(-1)!.id,
      });
    }
    const data = delta(size, Math.min(3, size), copy(0, Math.min(3, size)));
    const id = chain === 0 ? small.id : fakeId(10_000 + chain);
    entries.push({ id, type: OFS_DELTA, data, base: entries.at(-1)!.id });
    root.push({ name: `f${chain}`, id });
  }
  return imageOf(root, entries);
}

/** Deltas of instructions that do next to nothing. */
function manyInstructions(upTo: UpTo, random: Random): Buffer {
  const count = upTo(2_000_000);
  const entries: MadeEntry[] = [whole("blob", "x")];
  let size = 1;
  for (let i = 1 + random.below(4); i > 0; i--) {
    const one = random.pick([Buffer.of(0x90, 1), Buffer.of(1, 0x78)]);
    const many = Buffer.alloc(count * one.length, one);
    entries.push({
      id: fakeId(i),
      type: OFS_DELTA,
      data: delta(size, count, many),
      base: entries.at(-1)!.id,
    });
    size = count;
  }
  const id = size < 300_000 ? whole("blob", "x".repeat(size)).id : fakeId(0);
  const last = { ...entries.pop()!, id };
  return imageOf([{ name: "a", id }], [...entries, last]);
}

/** Deltas that name their base by its id: there or not, before or after, in circles. */
function references(upTo: UpTo, random: Random): Buffer {
  const base = whole("blob", "base");
  const count = upTo(8000);
  const data = delta(4, 4, insert("base"));
  const stream = deflateSync(data);
  const way = random.below(4);
  const entries: MadeEntry[] = Array.from({ length: count }, (_, i) => {
    const other =
      way === 0 ? base.id : way === 1 ? fakeId(i + 1) : way === 2 ? fakeId((i + 1) % count) : fakeId(-i - 1);
    return { id: fakeId(i), type: REF_DELTA, data, stream, base: other };
  });
  const all = random.once(2)
    ? [base, ...entries]
    : [...entries, { ...base, id: way === 1 ? fakeId(count) : base.id }];
  return imageOf(
    [
      { name: "a", id: fakeId(0) },
      { name: "b", id: base.id },
      { name: "c", id: fakeId(count - 1) },
    ],
    all,
  );
}

/** Sizes that are not so. */
function falseClaims(upTo: UpTo, random: Random): Buffer {
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

/** Few trees that name any number of paths. */
function sharedTrees(upTo: UpTo): Buffer {
  const leaf = whole("blob", "leaf");
  const fan = 1 + upTo(300);
  let below = whole("tree", encodeTree([{ mode: "100644", name: "f", id: leaf.id }]));
  const entries = [leaf, below];
  for (let depth = upTo(60); depth > 0; depth--) {
    const names = Array.from({ length: fan }, (_, i) => `${String(i).padStart(3, "0")}`);
    below = whole("tree", encodeTree(names.map((name) => ({ mode: "40000", name, id: below.id }))));
    entries.push(below);
  }
  return imageOfRoot(entries.pop()!, entries);
}

/** The content of a folder of many files, all the same one. */
function manyEntries(
  count: number,
  id: string,
  name = (i: number) => `e${String(i).padStart(7, "0")}`,
): Buffer {
  const raw = Buffer.from(id, "hex");
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => [Buffer.from(`100644 ${name(i)}\0`), raw]).flat(),
  );
}

/** Folders of many entries, below one another, which paths and links lead through again and again. */
function hugeFolders(upTo: UpTo, random: Random): Buffer {
  const leaf = whole("blob", "leaf");
  const count = upTo(60_000);
  // Out of order, all of them have to be put in order each time.
  const disorder = (i: number) => `e${(i * 7919) % count}`;
  const many = manyEntries(count, leaf.id, random.once(3) ? disorder : undefined);
  const target = whole(
    "blob",
    random
      .pick(["a/../", "a/a/../../", "./"])
      .repeat(1 + upTo(600))
      .slice(0, 4090),
  );
  let below = whole("tree", encodeTree([{ mode: "100644", name: "f", id: leaf.id }]));
  const entries = [leaf, target, below];
  for (let depth = upTo(12); depth > 0; depth--) {
    const head = encodeTree([
      { mode: "40000", name: "a", id: below.id },
      { mode: "120000", name: "b", id: target.id },
    ]);
    below = whole("tree", Buffer.concat([head, many]));
    entries.push(below);
  }
  return imageOfRoot(entries.pop()!, entries);
}

function deepTrees(upTo: UpTo, random: Random): Buffer {
  const leaf = whole("blob", "leaf");
  const name = "a".repeat(upTo(300));
  let below = whole("tree", encodeTree([{ mode: "100644", name: "f", id: leaf.id }]));
  const entries = [leaf, below];
  for (let depth = upTo(4000); depth > 0; depth--) {
    const files = random.once(10) ? [{ mode: "100644", name: "f", id: leaf.id }] : [];
    below = whole(
      "tree",
      encodeTree(
        [{ mode: "40000", name, id: below.id }, ...files].sort((x, y) => (x.name < y.name ? -1 : 1)),
      ),
    );
    entries.push(below);
  }
  return imageOfRoot(entries.pop()!, entries);
}

/** Links of many steps that lead to links. */
function longLinks(upTo: UpTo, random: Random): Buffer {
  const leaf = whole("blob", "leaf");
  const entries = [leaf];
  const folder = whole("tree", encodeTree([{ mode: "100644", name: "f", id: leaf.id }]));
  entries.push(folder);
  const root: Named[] = [{ mode: "40000", name: "d", id: folder.id }];
  for (let i = 0; i < 45; i++) {
    const step = random.pick(["d/../", "./", "d/./../", "/d/../", "d//../"]);
    const target = whole(
      "blob",
      `${step.repeat(upTo(900)).slice(0, 4000)}/l${String(i + 1).padStart(2, "0")}`,
    );
    entries.push(target);
    root.push({ mode: "120000", name: `l${String(i).padStart(2, "0")}`, id: target.id });
  }
  root.push({ name: "l45", id: leaf.id });
  return imageOf(root, entries);
}

function longNames(upTo: UpTo, random: Random): Buffer {
  const leaf = whole("blob", "leaf");
  const length = upTo(MIB);
  const count = Math.max(1, Math.min(3000, Math.floor((4 * MIB) / length)));
  const end = random.pick(["<", "é", "\x1b", "a"]).repeat(length);
  const names = Array.from({ length: count }, (_, i) => `${String(i).padStart(5, "0")}${end}`);
  return imageOf(
    names.map((name) => ({ name, id: leaf.id })),
    [leaf],
  );
}

function hugeCommit(upTo: UpTo, random: Random): Buffer {
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
function bombs(upTo: UpTo): Buffer {
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
function manyTiny(upTo: UpTo, random: Random): Buffer {
  const empty = whole("blob", "");
  const stream = deflateSync(Buffer.alloc(0));
  const count = upTo(8000);
  const same = random.once(2);
  const entries = Array.from({ length: count }, (_, i) =>
    same ? { ...empty, stream } : whole("blob", `${i}`),
  );
  return imageOf([{ name: "a", id: entries[0]!.id }], entries);
}

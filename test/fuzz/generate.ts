import { deflateSync } from "node:zlib";
import { objectId } from "../../reader/git/object.ts";
import { hex } from "../../reader/git/object-id.ts";
import { FORMATS } from "../reader/formats.ts";
import { assembleImage } from "../reader/image-fixture.ts";
import { copy, delta, deltaTarget, insert, type MadeEntry, makePack, whole } from "../reader/pack-fixture.ts";
import { encodeTree } from "../reader/repository.ts";
import type { Random } from "./random.ts";

const MODES = [
  "100644",
  "100644",
  "100644",
  "100755",
  "120000",
  "40000",
  "40000",
  "160000",
  "100664",
  "040000",
  "140000",
  "0",
];
const NAMES = [
  "a",
  "b",
  "c",
  "d",
  "a.txt",
  "a-b",
  "a0",
  "..",
  ".",
  ".git",
  "",
  "a/b",
  "\xff",
  "git~1",
  "x".repeat(300),
];
const TARGETS = ["a", "b/c", "../a", "/", "/a/b", ".", "..", "a/", "", "x\0y", "./".repeat(3000)];
const DATES = ["1602316800 +0200", "0 +0000", "-5 -0330", "99999999999999999999 +0000", "1 +9999", "x", "1"];

/**
 * An image, of one object format or the other, of objects whose ids are right, so that readers get past the hashes and meet what is wrong inside:
 * trees and commits of doubtful content, deltas that build on anything, entries that claim other sizes, an
 * IDX that lies.
 */
export function generateImage(random: Random): Buffer {
  const format = random.pick(FORMATS);
  const anId = () => hex(random.bytes(format.idLength));
  const entries = new Map<string, MadeEntry>();
  const contents = new Map<string, { kind: "blob" | "tree"; bytes: Buffer }>();
  const add = (entry: MadeEntry, kind: "blob" | "tree", bytes: Buffer) => {
    if (!entries.has(entry.id)) entries.set(entry.id, distort(random, entry, anId));
    contents.set(entry.id, { kind, bytes });
  };
  for (let i = 1 + random.below(5); i > 0; i--) {
    const bytes = random.once(3) ? Buffer.from(random.pick(TARGETS)) : makeContent(random);
    add(whole("blob", bytes, format), "blob", bytes);
  }
  for (let i = 1 + random.below(12); i > 0; i--) {
    if (random.once(3)) {
      const tree = makeTree(random, [...contents.keys()], anId);
      add(whole("tree", tree, format), "tree", tree);
      continue;
    }
    const [base, { kind, bytes }] = random.pick([...contents]) as [
      string,
      { kind: "blob" | "tree"; bytes: Buffer },
    ];
    const made = makeDelta(random, bytes);
    const target = attemptDelta(bytes, made) ?? random.bytes(9);
    const id = hex(objectId(kind, target, format));
    add({ id, type: random.pick([6, 7]), data: made, base: random.once(30) ? anId() : base }, kind, target);
  }
  const root = makeTree(random, [...contents.keys()], anId);
  add(whole("tree", root, format), "tree", root);
  const top = random.once(20) ? random.pick([...contents.keys()]) : whole("tree", root, format).id;
  const who = () =>
    `${random.pick(["A <a@b>", "A", "<>", ""])} ${random.pick(random.once(4) ? DATES : DATES.slice(0, 3))}`;
  const author = random.once(6) ? who() : "A <a@b> 1602316800 +0200";
  const commit = whole(
    "commit",
    `tree ${top}\nauthor ${author}\ncommitter ${random.once(6) ? who() : author}\n\n`,
    format,
  );
  const list = [commit, ...entries.values()];
  if (random.once(3)) list.sort(() => random.below(3) - 1);
  return assembleImage({ commit: commit.id, ...makePack(list, format) });
}

function makeContent(random: Random): Buffer {
  return random.once(3)
    ? random.bytes(random.below(200))
    : Buffer.alloc(random.size(70_000), random.pick(NAMES) || "x");
}

function makeTree(random: Random, ids: readonly string[], anId: () => string): Buffer {
  const good = !random.once(6);
  const names = good ? NAMES.slice(0, 7) : NAMES;
  const modes = good ? MODES.slice(0, 8) : MODES;
  const listed = Array.from({ length: random.below(7) }, () => ({
    mode: random.pick(modes),
    name: Buffer.from(random.pick(names), "latin1"),
    id: random.once(20) ? anId() : random.pick(ids),
  }));
  const key = ({ mode, name }: { mode: string; name: Buffer }) =>
    name.toString("latin1") + (mode.endsWith("40000") ? "/" : "");
  const once = new Map(listed.map((entry) => [good ? entry.name.toString("latin1") : key(entry), entry]));
  const entries = random.once(9) ? listed : [...once.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const bytes = encodeTree(entries);
  return random.once(15) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

function makeDelta(random: Random, source: Buffer): Buffer {
  const instructions: Buffer[] = [];
  let total = 0;
  for (let i = random.below(6); i > 0; i--) {
    const offset = random.below(source.length + 1);
    const length = random.below(source.length - offset + 1);
    if (length > 0 && !random.once(3)) {
      instructions.push(copy(random.once(60) ? 2 ** 31 + offset : offset, length));
      total += length;
    } else {
      const bytes = random.bytes(1 + random.below(30));
      instructions.push(insert(bytes));
      total += bytes.length;
    }
  }
  if (random.once(30)) instructions.push(random.bytes(random.below(9)));
  const claimed = random.once(30) ? random.pick([0, 1, 2 ** 31, 2 ** 32, 2 ** 52, 100]) : total;
  return delta(random.once(40) ? random.below(300) : source.length, claimed, ...instructions);
}

function attemptDelta(source: Buffer, made: Buffer): Buffer | undefined {
  try {
    return deltaTarget(source, made);
  } catch {
    return undefined;
  }
}

/** Now and then an entry is not what it says. */
function distort(random: Random, entry: MadeEntry, anId: () => string): MadeEntry {
  switch (random.below(60)) {
    case 0:
      return { ...entry, size: random.pick([0, 1, 2 ** 31, 2 ** 40, 2 ** 53 - 1, entry.data.length + 1]) };
    case 1:
      return { ...entry, type: random.below(8), base: entry.base ?? random.below(5000) };
    case 2:
      return { ...entry, stream: deflateSync(entry.data).subarray(0, random.below(30)) };
    case 3:
      return { ...entry, stream: random.bytes(random.below(40)) };
    case 4:
      return { ...entry, stream: deflateSync(entry.data, { dictionary: Buffer.from("dictionary") }) };
    case 5:
      return { ...entry, id: anId() };
    case 6:
      return entry.type === 6 ? { ...entry, base: random.below(3000) } : entry;
    default:
      return entry;
  }
}

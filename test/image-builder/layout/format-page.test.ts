// Reads the layout of images with a decoder that is written from docs/FORMAT.md alone, and imports nothing of
// the reader; git says what must come out.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32, inflateSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { git } from "../sandbox.ts";

interface Item {
  readonly key: Buffer;
  readonly tag: number;
  readonly id: string;
  readonly offset: number;
  readonly length: number;
  readonly size: number;
  /** The entries that it is built on: offset and length of each. */
  readonly bases: readonly (readonly [number, number])[];
}

const TYPES = ["100644 blob", "100755 blob", "120000 blob", "040000 tree", "160000 commit"];
const TREE = 3;
const SUBMODULE = 4;
const MARK = 7;

/** The bytes of an id: 32 if a PACK stands at byte 40, otherwise 20. */
function idLengthOf(image: Buffer): number {
  return image.toString("latin1", 40, 44) === "PACK" ? 32 : 20;
}

/** The sections that the footer tells of. */
function sectionsOf(image: Buffer) {
  const indexOffset = Number(image.readBigUInt64LE(idLengthOf(image)));
  const footer = image.subarray(indexOffset - 512, indexOffset);
  if (footer.toString("latin1", 0, 8) !== "docteur\0" || footer.readUInt16BE(8) !== 1) return [];
  if (footer.readUInt32BE(508) !== crc32(footer.subarray(0, 508))) throw new Error("the footer is damaged");
  let at = 12;
  return Array.from({ length: footer.readUInt16BE(10) }, () => {
    const detailsLength = footer.readUInt16BE(at + 6);
    const section = {
      type: footer.toString("latin1", at, at + 4),
      version: footer.readUInt16BE(at + 4),
      offset: Number(footer.readBigUInt64BE(at + 8)),
      length: Number(footer.readBigUInt64BE(at + 16)),
      details: footer.subarray(at + 24, at + 24 + detailsLength),
    };
    at += 24 + detailsLength;
    return section;
  });
}

function detailsOf(details: Buffer, idLength: number) {
  const numbers = details.subarray(2 * idLength);
  return {
    commit: details.toString("hex", 0, idLength),
    root: details.toString("hex", idLength, 2 * idLength),
    commitOffset: Number(numbers.readBigUInt64BE(0)),
    rootOffset: Number(numbers.readBigUInt64BE(8)),
    items: Number(numbers.readBigUInt64BE(16)),
    levels: Array.from({ length: numbers.readUInt8(24) }, (_, level) => numbers.readUInt32BE(25 + 4 * level)),
  };
}

/** Reads numbers of seven bits to a byte, the lowest first. */
class Reader {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes.readUInt8(this.at++);
  }

  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  }

  /** Signed distances 0, -1, 1, -2 are 0, 1, 2, 3. */
  signed(): number {
    return signed(this.number());
  }

  take(length: number): Buffer {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

function signed(number: number): number {
  return number % 2 === 0 ? number / 2 : -(number + 1) / 2;
}

/** The keys of a block, each with its tag and what `rest` reads behind it. */
function blockItems<Rest>(block: Buffer, rest: (reader: Reader, tag: number, isSixteenth: boolean) => Rest) {
  if (block.readUInt32BE(0) !== crc32(block.subarray(4))) throw new Error("a block is damaged");
  const reader = new Reader(block, 12);
  const items: { key: Buffer; tag: number; rest: Rest }[] = [];
  for (let index = 0; index < block.readUInt16BE(4); index++) {
    const isSixteenth = index % 16 === 0;
    if (isSixteenth && block.readUInt16BE(block.length - 2 * (index / 16 + 1)) !== reader.at) {
      throw new Error(`item ${index} does not begin where the end of the block says`);
    }
    const other = index === 0 ? Buffer.alloc(0) : items[isSixteenth ? 0 : index - 1]!.key;
    const first = reader.byte();
    const [tag, atEnd] = [first % 8, Math.floor(first / 8)];
    const [atStart, between] = [reader.number(), reader.number()];
    const middle = reader.take(between);
    const end = other.subarray(other.length - atEnd);
    const key = Buffer.concat([other.subarray(0, atStart), middle, end]);
    items.push({ key, tag, rest: rest(reader, tag, isSixteenth) });
  }
  return items;
}

function leafItems(block: Buffer, idLength: number): Item[] {
  const ends = { tree: 0, other: 0 };
  let before: readonly (readonly [number, number])[] = [];
  const read = (reader: Reader, tag: number, isSixteenth: boolean) => {
    if (isSixteenth) {
      ends.tree = 0;
      ends.other = 0;
      before = [];
    }
    const nowhere = { id: "", offset: 0, length: 0, size: 0, bases: [] };
    if (tag === MARK) return nowhere;
    const id = reader.take(idLength).toString("hex");
    if (tag === SUBMODULE) return { ...nowhere, id };
    const head = reader.number();
    const kind = tag === TREE ? "tree" : "other";
    const offset = ends[kind] + signed(Math.floor(head / 8));
    const [length, size] = [reader.number(), reader.number()];
    ends[kind] = offset + length;
    const how = head % 8;
    const given: [number, number][] = [];
    let from = offset;
    for (let left = how === 5 ? 0 : how === 6 ? 1 : how; left > 0; left--) {
      from -= reader.signed();
      given.push([from, reader.number()]);
    }
    const bases = how === 5 ? before : how === 6 ? [...given, ...before.slice(1)] : given;
    if (how > 0) before = bases;
    return { id, offset, length, size, bases };
  };
  return blockItems(block, read).map(({ key, tag, rest }) => ({ key, tag, ...rest }));
}

/** The items of all leaves; and that the levels above them lead to each. */
function itemsOf(image: Buffer, t: ExecutionContext) {
  const section = sectionsOf(image).find(({ type, version }) => type === "PATH" && version === 1);
  if (section === undefined) return undefined;
  const idLength = idLengthOf(image);
  const details = detailsOf(section.details, idLength);
  const bytes = image.subarray(section.offset, section.offset + section.length);
  const blocks = Array.from({ length: Math.ceil(bytes.length / 4096) }, (_, i) =>
    bytes.subarray(4096 * i, 4096 * (i + 1)),
  );
  t.is(
    blocks.length,
    details.levels.reduce((sum, count) => sum + count),
  );
  t.is(details.levels.at(-1), 1);
  if (blocks.length > 1) t.is(section.offset % 4096, 0);
  const leaves = blocks.slice(0, details.levels[0]).map((block, number) => {
    t.is(block.readUInt32BE(8), number);
    return leafItems(block, idLength);
  });
  /** Of each block of the level below: its items in all leaves, and its first and last key. */
  let below = leaves.map((items) => ({ count: items.length, first: items[0]!.key, last: items.at(-1)!.key }));
  let start = leaves.length;
  for (const count of details.levels.slice(1)) {
    const level = blocks.slice(start, start + count).map((block) => {
      const children = blockItems(block, (reader) => reader.number());
      const firstChild = block.readUInt32BE(8);
      let items = 0;
      for (const [i, child] of children.entries()) {
        const { count, first } = below[firstChild + i]!;
        t.is(child.tag, 0);
        t.is(child.rest, items);
        t.true(Buffer.compare(child.key, first) <= 0);
        const beforeIt = below[firstChild + i - 1];
        if (beforeIt !== undefined) t.true(Buffer.compare(child.key, beforeIt.last) > 0);
        items += count;
      }
      return {
        count: items,
        first: below[firstChild]!.first,
        last: below[firstChild + children.length - 1]!.last,
      };
    });
    start += count;
    below = level;
  }
  t.is(below[0]!.count, details.items);
  return { details, items: leaves.flat() };
}

/** The path that a key is of: folder, slash, NUL and name; and a slash if it is of a folder. */
function pathOf({ key, tag }: Item): string {
  const nul = key.indexOf(0);
  const name = key.subarray(nul + 1, tag === TREE ? key.length - 1 : key.length);
  return Buffer.concat([key.subarray(0, nul), name]).toString("latin1");
}

/** The content of an object at the offset that the layout says, deltas applied by git. */
function checkWhole(image: Buffer, item: Item, content: Buffer, t: ExecutionContext): void {
  const packStart = idLengthOf(image) + 8;
  const entry = image.subarray(packStart + item.offset, packStart + item.offset + item.length);
  let at = 0;
  while (entry.readUInt8(at++) >= 128);
  t.deepEqual(inflateSync(entry.subarray(at)), content);
}

/** Compares the layout of an image with what git says of its PACK. */
function compare(t: ExecutionContext, image: string, commit: string): void {
  const bytes = readFileSync(image);
  const { details, items } = itemsOf(bytes, t)!;
  t.is(details.commit, commit);
  for (let i = 1; i < items.length; i++) t.true(Buffer.compare(items[i - 1]!.key, items[i]!.key) < 0);

  const look = join(temporaryFolder(t), "look.git");
  const hash = idLengthOf(bytes) === 32 ? "sha256" : "sha1";
  git(dirname(look), ["init", "--quiet", "--bare", `--object-format=${hash}`, look]);
  spawnSync("git", ["-C", look, "index-pack", "--stdin"], { input: bytes.subarray(idLengthOf(bytes) + 8) });
  t.is(details.root, git(look, ["rev-parse", `${commit}^{tree}`]));
  const packs = join(look, "objects", "pack");
  const idx = readdirSync(packs).find((name) => name.endsWith(".idx")) as string;
  /** Of each object: its size, its length in the PACK, its offset, and the base if it is a delta. */
  const packed = new Map(
    git(look, ["verify-pack", "-v", join(packs, idx)])
      .split("\n")
      .filter((line) => /^(?:[0-9a-f]{40}|[0-9a-f]{64}) /.test(line))
      .map((line) => {
        const [id = "", , size, length, offset, , base] = line.split(/ +/);
        return [id, { size: Number(size), length: Number(length), offset: Number(offset), base }] as const;
      }),
  );
  t.is(details.commitOffset, packed.get(commit)!.offset);
  t.is(details.rootOffset, packed.get(details.root)!.offset);

  const listed = git(look, ["ls-tree", "-rtz", "--full-tree", commit]).split("\0").slice(0, -1);
  const found = items.map((item) => `${TYPES[item.tag]} ${item.id}\t${pathOf(item)}`);
  t.deepEqual(found.toSorted(), listed.toSorted());
  let deltas = 0;
  for (const item of items.filter(({ tag }) => tag !== SUBMODULE)) {
    const { offset, length, base } = packed.get(item.id)!;
    t.is(item.offset, offset);
    t.is(item.length, length);
    const chain: [number, number][] = [];
    for (let next = base; next !== undefined; next = packed.get(next)!.base) {
      chain.push([packed.get(next)!.offset, packed.get(next)!.length]);
    }
    t.deepEqual(item.bases, chain.length > 2 ? chain.slice(0, 1) : chain);
    if (chain.length > 0) deltas++;
  }
  const sizes = git(look, ["ls-tree", "-rlz", "--full-tree", commit]).split("\0").slice(0, -1);
  for (const line of sizes) {
    const [, , id, size] = line.split("\t")[0]!.split(/ +/);
    for (const item of items) if (item.id === id && size !== "-") t.is(item.size, Number(size));
  }
  t.true(deltas > 0, "no delta");
  const whole = items.find(({ bases, tag }) => bases.length === 0 && tag === 0)!;
  checkWhole(bytes, whole, Buffer.from(git(look, ["cat-file", "blob", whole.id]), "utf8"), t);
}

for (const objectFormat of ["sha1", "sha256"] as const) {
  test(`${objectFormat}: the page tells how the layout of a folder's image is read`, async (t) => {
    const folder = join(temporaryFolder(t), "site");
    for (let i = 0; i < 30; i++) {
      mkdirSync(join(folder, `folder ${i}`, "deep", "deeper"), { recursive: true });
      for (let file = 0; file < 40; file++) {
        const name = file % 3 === 0 ? `deep/deeper/page-${file}.html` : `page-${file}.html`;
        const mode = file % 7 === 0 ? 0o755 : 0o644;
        const text = `<p>${i}, ${file}: ${"text ".repeat(file)}</p>\n`;
        writeFileSync(join(folder, `folder ${i}`, name), text, { mode });
      }
      symlinkSync("page-1.html", join(folder, `folder ${i}`, "link"));
    }
    // In git's order, a folder is as if it ended in a slash.
    mkdirSync(join(folder, "a"));
    for (const name of ["a.b", "a-b", "a0", "a/a"]) writeFileSync(join(folder, name), name);
    const image = join(temporaryFolder(t), "x.img");
    const date = "2020-10-10T08:00:00+00:00";
    const { commit } = await makeImage({ repository: folder, image, date, objectFormat });
    t.is(commit.length, objectFormat === "sha1" ? 40 : 64);
    compare(t, image, commit);
  });

  test(`${objectFormat}: the page tells how the layout of a repository's image is read, with chains of deltas`, async (t) => {
    const repository = temporaryFolder(t);
    git(repository, ["init", "--quiet", `--object-format=${objectFormat}`, "."]);
    const lines = Array.from({ length: 60 }, (_, i) => `line ${i * i}`);
    for (let i = 0; i < 400; i++) {
      lines[(i * 7) % 60] = `changed ${i}`;
      writeFileSync(join(repository, `file-${i}`), lines.join("\n"));
    }
    git(repository, ["add", "."]);
    git(repository, [
      "update-index",
      "--add",
      "--cacheinfo",
      `160000,${"12".repeat(objectFormat === "sha1" ? 20 : 32)},submodule`,
    ]);
    git(repository, ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "-m", "x"]);
    git(repository, ["repack", "-adfq", "--window=20", "--depth=20"]);
    const image = join(temporaryFolder(t), "x.img");
    const { commit } = await makeImage({ repository, image });
    compare(t, image, commit);
  });
}

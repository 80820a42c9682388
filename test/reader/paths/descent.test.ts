import test from "ava";
import type { Descent } from "../../../reader/paths/descent.ts";
import { refused } from "../fault.ts";
import { imageOfTree, type MadeEntry, open, treeOf, whole } from "../pack-fixture.ts";
import { encodeTree } from "../repository.ts";

const LEAF = whole("blob", "leaf\n");

/** Each tree holds the next ten times, `depth` of them. */
function bomb(depth: number): Buffer {
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < depth; i++) {
    const { id } = below;
    below = treeOf(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}`, id])), "40000");
    trees.push(below);
  }
  return imageOfTree(below, [LEAF, ...trees.slice(0, -1)]);
}

/** Entries that come until the descent ends. */
function count(descent: Descent | undefined): number {
  let entries = 0;
  while (descent?.next()) entries++;
  return entries;
}

test("a descent goes through every entry once, a folder before its entries", (t) => {
  const inner = treeOf({ x: LEAF.id });
  const root = whole(
    "tree",
    encodeTree([
      { mode: "100644", name: "a", id: LEAF.id },
      { mode: "40000", name: "b", id: inner.id },
      { mode: "100644", name: "b0", id: LEAF.id },
      { mode: "160000", name: "c", id: "5".repeat(40) },
    ]),
  );
  const store = open(imageOfTree(root, [LEAF, inner]));
  const descent = store.descend("/")!;
  const seen: string[] = [];
  while (descent.next()) {
    const { depth, type, folder, name, path, size } = descent;
    const [inFolder, named, at] = [folder, name, path].map((bytes) => Buffer.from(bytes).toString());
    seen.push(`${depth} ${type} ${inFolder} ${named} ${at} ${size}`);
  }
  t.deepEqual(seen, [
    "0 file  a a 5",
    "0 tree  b b 0",
    "1 file b x b/x 5",
    "0 file  b0 b0 5",
    "0 gitlink  c c 0",
  ]);
  t.false(descent.next());
  const below = store.descend("b", Buffer.from("some/where"))!;
  t.true(below.next());
  t.is(Buffer.from(below.path).toString(), "some/where/x");
  t.is(store.descend("c"), undefined);
  refused(t, "DICTIONARY_EXPECTED", () => store.descend("a"));
});

test("a descent may skip a folder", (t) => {
  const descent = open(bomb(3)).descend("/")!;
  let entries = 0;
  while (descent.next()) {
    entries++;
    if (descent.depth === 1) descent.skip();
  }
  t.is(entries, 110);
});

test("a descent fails beyond its limit of entries", (t) => {
  t.is(count(open(bomb(4)).descend("/")), 10 + 100 + 1000 + 10_000 + 10_000);
  // 16,000 entries, and 32 for each of 8 objects.
  const store = open(bomb(6), { workFactor: 1 / 1000 });
  refused(t, "LISTING_TOO_LARGE", () => count(store.descend("/")));
  refused(t, "LISTING_TOO_LARGE", () => count(store.descend("0/0", undefined, 2)));
  t.is(count(store.descend("0/0/0")), 10 + 100 + 1000 + 1000);
});

test("a descent fails beyond its limit of path bytes", (t) => {
  const name = "n".repeat(20_000);
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < 100; i++) {
    below = treeOf({ [name]: below.id }, "40000");
    trees.push(below);
  }
  const image = imageOfTree(below, [LEAF, ...trees.slice(0, -1)]);
  t.is(count(open(image).descend("/")), 101);
  refused(t, "LISTING_TOO_LARGE", () => count(open(image, { workFactor: 1 / 1000 }).descend("/")));
});

test("a descent fails where the folders above one path exceed its limit of memory", (t) => {
  const wide = Array.from({ length: 2000 }, (_, i) => ({
    mode: "100644",
    name: `w${10_000 + i}`,
    id: LEAF.id,
  }));
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < 20; i++) {
    below = whole("tree", encodeTree([{ mode: "40000", name: "a", id: below.id }, ...wide]));
    trees.push(below);
  }
  const image = imageOfTree(below, [LEAF, ...trees.slice(0, -1)]);
  refused(t, "LAYOUT_TOO_LARGE", () => [...open(image, { maxLayoutSize: 1 << 20 }).prefix("")]);
  t.is([...open(image, { maxLayoutSize: 4 << 20 }).prefix("")].length, 20 * 2000 + 1);
});

test("values below a prefix are not looked for without end where there are folders only", (t) => {
  let below: MadeEntry = whole("tree", "");
  const trees = [below];
  for (let i = 0; i < 10; i++) {
    const { id } = below;
    below = treeOf(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}`, id])), "40000");
    trees.push(below);
  }
  const store = open(imageOfTree(below, trees.slice(0, -1)), { workFactor: 1 / 1000 });
  refused(t, "LISTING_TOO_LARGE", () => store.prefix("").next());
});

import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import type { PathCounting } from "../../../reader/paths/path-counts.ts";
import { refused } from "../fault.ts";
import { anyFormat } from "../formats.ts";
import { generatedTree, writeGenerated } from "../generated-tree.ts";
import { assembleImage } from "../image-fixture.ts";
import { imageOfTree, type MadeEntry, open, treeOf, whole } from "../pack-fixture.ts";
import { Repository } from "../repository.ts";

const LEAF = whole("blob", "leaf\n");

function finished(counting: PathCounting, entries: number): PathCounting["counts"] {
  while (!counting.step(entries));
  return counting.counts;
}

test("the counts are those of git ls-tree", (t) => {
  const property = fc.property(
    generatedTree,
    fc.constantFrom(1, 3, 10_000),
    anyFormat,
    (entries, step, format) => {
      using repository = new Repository(format);
      const commit = writeGenerated(repository, entries);
      const modes = repository.list(commit, "-r", "-t").map(({ mode }) => mode);
      const of = (...wanted: string[]) => modes.filter((mode) => wanted.includes(mode)).length;
      const store = open(assembleImage({ commit, ...repository.pack(commit) }));
      assert.deepEqual(finished(store.countPaths(), step), {
        files: of("100644", "100755"),
        folders: of("040000"),
        links: of("120000"),
        submodules: of("160000"),
      });
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 20, endOnFailure: true, includeErrorInReport: true }));
});

/** Trees each of which holds the next `fan` times. */
function shared(depth: number, fan: number): Buffer {
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < depth; i++) {
    const { id } = below;
    below = treeOf(Object.fromEntries(Array.from({ length: fan }, (_, i) => [`${100 + i}`, id])), "40000");
    trees.push(below);
  }
  return imageOfTree(below, [LEAF, ...trees.slice(0, -1)]);
}

test("paths are counted by tree, however many there are", (t) => {
  t.like(finished(open(shared(12, 10)).countPaths(), 100), {
    files: 10 ** 12,
    folders: 111_111_111_1110,
  });
  t.like(finished(open(shared(40, 100)).countPaths(), 100), {
    files: Number.MAX_SAFE_INTEGER,
    folders: Number.MAX_SAFE_INTEGER,
  });
});

test("folders beyond the work for them are not counted", (t) => {
  const image = shared(40, 100);
  refused(t, "TOO_MUCH_WORK", () => finished(open(image, { workFactor: 1 / 2000 }).countPaths(), 100));
});

test("the folders on the way down are held only within bounds", (t) => {
  // 20 folders of 7 MB each, one in the other.
  const id = Buffer.from(LEAF.id, "hex");
  const many = Buffer.concat(
    Array.from({ length: 200_000 }, (_, i) => [Buffer.from(`100644 e${1_000_000 + i}\0`), id]).flat(),
  );
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < 20; i++) {
    below = whole("tree", Buffer.concat([Buffer.from("40000 a\0"), Buffer.from(below.id, "hex"), many]));
    trees.push(below);
  }
  const image = imageOfTree(below, [LEAF, ...trees.slice(0, -1)]);
  refused(t, "TOO_MUCH_WORK", () => finished(open(image).countPaths(), 1_000_000));
  const store = open(image);
  t.is(store.folder("a/a").count, 200_001);
  t.is(store.exists("a/a/e1000000"), "value");
  // Each of them is read for the path: 140 MB in all.
  refused(t, "TOO_MUCH_WORK", () => open(image).exists(`${"a/".repeat(20)}leaf`));
});

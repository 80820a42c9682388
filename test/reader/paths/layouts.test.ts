import test from "ava";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { connect } from "../../../reader/store/connect.ts";
import { faultOf, refused } from "../fault.ts";
import { assembleImage } from "../image-fixture.ts";
import { imageOfTree, type MadeEntry, makePack, open, treeOf, whole } from "../pack-fixture.ts";
import { encodeTree } from "../repository.ts";

const LEAF = whole("blob", "at the bottom\n");

/** Trees of one entry each, `depth` of them, a file in the last. */
function deep(depth: number, name: string): Buffer {
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 1; i < depth; i++) {
    below = treeOf({ [name]: below.id }, "40000");
    trees.push(below);
  }
  return imageOfTree(below, [LEAF, ...trees.slice(0, -1)]);
}

test("trees 10,000 deep are read", (t) => {
  const image = deep(10_000, "d");
  const path = `${"d/".repeat(9_999)}leaf`;
  for (const layout of ["light", "fast"] as const) {
    const store = open(image, { layout });
    t.is(Buffer.from(store.get(path)).toString(), "at the bottom\n");
    t.is(store.exists(`${path}/beyond`), undefined);
    t.is(store.exists(path.slice(0, -5)), "dictionary");
    t.deepEqual(
      [...store.prefix("")].map(({ path }) => Buffer.from(path).toString()),
      [path],
    );
    t.is([...store.prefix("d/d/d")].length, 1);
    t.is([...store.prefix("d/d/e")].length, 0);
  }
});

test("dots on the way through deep trees are read", (t) => {
  const image = deep(2000, "d");
  for (const layout of ["light", "fast"] as const) {
    const store = open(image, { layout });
    t.is(store.exists(`${"d/./".repeat(1999)}leaf`), "value");
    t.is(store.exists(`${"d/".repeat(1999)}${"../".repeat(1999)}d`), "dictionary");
    t.is(store.exists(`${"d/".repeat(1999)}nothing`), undefined);
  }
});

/** Each tree holds the next ten times: 11 trees name 10^10 files. */
function bomb(): Buffer {
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < 10; i++) {
    const { id } = below;
    below = treeOf(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}`, id])), "40000");
    trees.push(below);
  }
  return imageOfTree(below, [LEAF, ...trees.slice(0, -1)]);
}

test("trees that name far too many paths are read by light and refused by fast", (t) => {
  const image = bomb();
  refused(t, "LAYOUT_TOO_LARGE", () => open(image, { layout: "fast", maxLayoutSize: 4 << 20 }));
  const store = open(image);
  t.is(Buffer.from(store.get("0/1/2/3/4/5/6/7/8/9/leaf")).toString(), "at the bottom\n");
  t.is(store.prefix("9/9").next().value?.path.length, 24);
});

test("one tree entered ever deeper costs no more than the limit", (t) => {
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`b${10_000 + i}`, LEAF.id]));
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < 60; i++) {
    const entries = Object.entries(wide).map(([name, id]) => ({ mode: "100644", name, id }));
    below = whole("tree", encodeTree([{ mode: "40000", name: "a", id: below.id }, ...entries]));
    trees.push(below);
  }
  const image = imageOfTree(below, [LEAF, ...trees.slice(0, -1)]);
  refused(t, "LAYOUT_TOO_LARGE", () => open(image, { layout: "fast", maxLayoutSize: 8 << 20 }));
  t.is(open(image).exists(`${"a/".repeat(60)}leaf`), "value");
});

test("a name may be as long as it likes", (t) => {
  const name = "n".repeat(100_000);
  const image = imageOfTree(treeOf({ [name]: LEAF.id, [`${name}2`]: LEAF.id }), [LEAF]);
  for (const layout of ["light", "fast"] as const) {
    t.is(open(image, { layout }).exists(name), "value");
    t.is(open(image, { layout }).exists(`${name}1`), undefined);
    t.is([...open(image, { layout }).prefix("n")].length, 2);
  }
});

test("names of many megabytes are read or refused, never confused", (t) => {
  const name = "n".repeat(9 << 20);
  const image = imageOfTree(treeOf({ [`${name}1`]: LEAF.id, [`${name}2`]: LEAF.id }), [LEAF]);
  t.is(open(image).exists(`${name}2`), "value");
  const fault = faultOf(() => {
    const store = connect(memoryDevice(image), { layout: "fast" });
    t.is(store.exists(`${name}2`), "value");
    t.is(store.exists(`${name}3`), undefined);
  });
  t.true(fault === "none" || fault === "LAYOUT_TOO_LARGE", fault);
});

test("a blob where a tree is expected, and a tree where a blob is, are refused", (t) => {
  const inner = treeOf({ leaf: LEAF.id });
  const blobAsTree = imageOfTree(treeOf({ a: LEAF.id }, "40000"), [LEAF]);
  t.is(open(blobAsTree).exists("a"), "dictionary");
  refused(t, "object-kind", () => open(blobAsTree).list("a"));
  refused(t, "object-kind", () => open(blobAsTree).exists("a/leaf"));
  refused(t, "object-kind", () => open(blobAsTree, { layout: "fast" }));
  const treeAsBlob = imageOfTree(treeOf({ a: inner.id }), [inner, LEAF]);
  for (const layout of ["light", "fast"] as const) {
    refused(t, "object-kind", () => open(treeAsBlob, { layout }).get("a"));
    refused(t, "object-kind", () => open(treeAsBlob, { layout }).size("a"));
    refused(t, "object-kind", () => open(treeAsBlob, { layout }).getPartial("a", { offset: 0, length: 1 }));
    refused(t, "object-kind", () => open(treeAsBlob, { layout }).open("a"));
  }
});

test("a tree that is missing or damaged is met by fast at once, by light on the way", (t) => {
  const bad = whole("tree", "no tree");
  for (const [image, fault] of [
    [imageOfTree(treeOf({ a: "12".repeat(20) }, "40000"), []), "object-missing"],
    [imageOfTree(treeOf({ a: bad.id }, "40000"), [bad]), "tree"],
  ] as const) {
    refused(t, fault, () => open(image, { layout: "fast" }));
    refused(t, fault, () => open(image).list("a"));
    refused(t, fault, () => [...open(image).prefix("")]);
    refused(t, fault, () => open(image).exists("a/b"));
  }
});

test("a tree or commit that would fill the memory once it is parsed is refused", (t) => {
  const huge = Buffer.alloc((64 << 20) + 1, "x");
  const tree = whole("tree", huge);
  const image = imageOfTree(treeOf({ a: tree.id }, "40000"), [tree]);
  refused(t, "OBJECT_TOO_LARGE", () => open(image).list("a"));
  refused(t, "OBJECT_TOO_LARGE", () => open(image, { layout: "fast" }));
  const commit = whole("commit", huge);
  refused(t, "OBJECT_TOO_LARGE", () => open(assembleImage({ commit: commit.id, ...makePack([commit]) })));
});

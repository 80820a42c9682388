import test from "ava";
import { LARGEST_LIST } from "../../../reader/bounds.ts";
import { createFs } from "../../../reader/fs/create-fs.ts";
import { refused } from "../fault.ts";
import { imageOfTree, type MadeEntry, open, treeOf, whole } from "../pack-fixture.ts";
import { encodeTree } from "../repository.ts";

const LEAF = whole("blob", "leaf\n");

test("a folder makes each entry on request", (t) => {
  const inner = treeOf({ x: LEAF.id });
  const root = whole(
    "tree",
    encodeTree([
      { mode: "100644", name: "a", id: LEAF.id },
      { mode: "40000", name: "b", id: inner.id },
      { mode: "160000", name: "c", id: "5".repeat(40) },
    ]),
  );
  const store = open(imageOfTree(root, [LEAF, inner]));
  const folder = store.folder("/");
  t.is(folder.count, 3);
  t.deepEqual([...folder], store.list("/"));
  t.deepEqual(folder.entry(1), store.list("/")[1]);
  t.deepEqual(
    [0, 1, 2].map((index) => [folder.type(index), folder.size(index)]),
    [
      ["file", 5],
      ["tree", 0],
      ["gitlink", 0],
    ],
  );
  for (const index of [-1, 3, Number.NaN]) t.throws(() => folder.entry(index), { instanceOf: RangeError });
  t.is(store.folder("c").count, 0);
  t.deepEqual([...store.folder("c")], []);
  refused(t, "DICTIONARY_EXPECTED", () => store.folder("a"));
  refused(t, "NOT_FOUND", () => store.folder("nope"));
});

test("a folder that is too large for a list is read entry by entry", (t) => {
  const id = Buffer.from(LEAF.id, "hex");
  const entry = Buffer.from("100644 e0000000\0");
  const content = Buffer.alloc((LARGEST_LIST + 1) * (entry.length + id.length));
  for (let i = 0; i <= LARGEST_LIST; i++) {
    const at = i * (entry.length + id.length);
    content.set(entry, at);
    content.write(String(i).padStart(7, "0"), at + 8, "latin1");
    content.set(id, at + entry.length);
  }
  const store = open(imageOfTree(whole("tree", content), [LEAF]));
  refused(t, "FOLDER_TOO_LARGE", () => store.list("/"));
  const folder = store.folder("/");
  t.is(folder.count, LARGEST_LIST + 1);
  t.is(folder.entry(LARGEST_LIST).name, `e${LARGEST_LIST.toString().padStart(7, "0")}`);
  t.is(store.size("e0000007"), 5);
  t.is(createFs(store).readdirSync("/").length, LARGEST_LIST + 1);
});

test("a recursive listing without end fails with EFBIG", (t) => {
  let below: MadeEntry = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let i = 0; i < 10; i++) {
    const { id } = below;
    below = treeOf(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}`, id])), "40000");
    trees.push(below);
  }
  const fs = createFs(open(imageOfTree(below, [LEAF, ...trees.slice(0, -1)]), { workFactor: 1 / 100 }));
  t.throws(() => fs.readdirSync("/", { recursive: true }), { code: "EFBIG", message: /LISTING|more below/ });
  const folder = fs.opendirSync("/", { recursive: true });
  t.is(folder.readSync()?.name, "0");
  t.is(folder.readSync()?.name, "0");
  folder.closeSync();
});

import test from "ava";
import { keyOf, LAYOUTS, openSample, SUBMODULE, sample, testRefusals, UNRESOLVED } from "./sample.ts";

const TYPES: Readonly<Record<string, string>> = {
  "100644": "file",
  "100755": "executable",
  "120000": "symlink",
  "160000": "gitlink",
  "040000": "tree",
};

for (const layout of LAYOUTS) {
  test(`describe returns type, id and size of each entry as git has them, ${layout}`, (t) => {
    const store = openSample({ layout });
    for (const [path, { mode, id }] of sample.entries) {
      const isValue = mode !== "040000" && mode !== "160000";
      const { path: described, ...rest } = store.describe(keyOf(path), false);
      t.is(Buffer.from(described).toString("latin1"), path);
      t.deepEqual(rest, {
        kind: isValue ? "value" : "dictionary",
        type: TYPES[mode] as typeof rest.type,
        id,
        size: isValue ? sample.content(path).length : 0,
      });
    }
  });
}

test("describe follows a link, unless it must not", (t) => {
  const store = openSample();
  t.deepEqual(store.describe("link"), store.describe("./file"));
  t.is(store.describe("link", false).type, "symlink");
  t.is(store.describe("link", false).size, "file".length);
  t.deepEqual(store.describe("link-to-folder"), store.describe("./folder"));
  t.is(store.describe("link-to-folder/inner", false).type, "file");
  t.is(store.describe("dangling", false).type, "symlink");
  t.is(store.describe("loop", false).type, "symlink");
});

test("describe returns the path without links, dots and needless slashes", (t) => {
  const store = openSample();
  for (const key of ["folder/inner", "/folder//inner", "./folder/deep/../inner", "link-to-folder/inner"]) {
    t.is(Buffer.from(store.describe(key).path).toString(), "folder/inner", key);
  }
  t.is(store.describe("/").path.length, 0);
});

test("describe of the root and of a submodule", (t) => {
  const store = openSample();
  t.like(store.describe(""), { kind: "dictionary", type: "tree", id: sample.root, size: 0 });
  t.like(store.describe("module"), { kind: "dictionary", type: "gitlink", id: SUBMODULE, size: 0 });
});

testRefusals(test, "describe", (store, key) => store.describe(key), UNRESOLVED);

import test from "ava";
import {
  keyOf,
  LAYOUTS,
  NO_DICTIONARIES,
  ODD_NAME,
  openSample,
  sample,
  testRefusals,
  UNRESOLVED,
} from "./sample.ts";

const TYPES: Readonly<Record<string, string>> = {
  "100644": "file",
  "100755": "executable",
  "120000": "symlink",
  "160000": "gitlink",
  "040000": "tree",
};

/** The entries of a folder as git lists them: name, type, id. */
function expected(folder: string): unknown[] {
  const prefix = folder === "" ? "" : `${folder}/`;
  return [...sample.entries]
    .filter(([path]) => path.startsWith(prefix) && !path.slice(prefix.length).includes("/"))
    .map(([path, { mode, id }]) => [path.slice(prefix.length), TYPES[mode], id]);
}

for (const layout of LAYOUTS) {
  test(`list returns the entries of each folder as git lists them, ${layout}`, (t) => {
    const store = openSample({ layout });
    for (const folder of ["", "folder", "folder/deep", "versions", "hollow"]) {
      t.deepEqual(
        store
          .list(keyOf(folder))
          .map(({ rawName, type, id }) => [Buffer.from(rawName).toString("latin1"), type, id]),
        expected(folder),
      );
    }
    t.is(store.list("/").length, 14);
  });
}

test("list gives a link and a submodule as they are, without following", (t) => {
  const kinds = new Map(
    openSample()
      .list("")
      .map(({ name, kind, type }) => [name, [kind, type]]),
  );
  t.deepEqual(kinds.get("link"), ["value", "symlink"]);
  t.deepEqual(kinds.get("link-to-folder"), ["value", "symlink"]);
  t.deepEqual(kinds.get("dangling"), ["value", "symlink"]);
  t.deepEqual(kinds.get("module"), ["dictionary", "gitlink"]);
});

test("list shows a name that is not UTF-8 with U+FFFD, and has its bytes", (t) => {
  const entry = openSample()
    .list("")
    .find(({ name }) => name.startsWith("odd"));
  t.is(entry?.name, "odd\ufffd\n");
  t.deepEqual(Buffer.from(entry!.rawName), ODD_NAME);
});

test("list of a submodule and of an empty folder is empty", (t) => {
  const store = openSample();
  t.deepEqual(store.list("module"), []);
  t.deepEqual(store.list("hollow"), []);
});

test("list returns entries in memory of the caller's own", (t) => {
  const store = openSample();
  for (const { rawName } of store.list("/")) rawName.fill(0x78);
  t.is(store.exists("file"), "value");
  t.is(store.list("/")[0]?.name, "climbing");
});

test("list follows a link to a folder", (t) => {
  const store = openSample();
  t.deepEqual(store.list("link-to-folder"), store.list("folder"));
});

testRefusals(test, "list", (store, key) => store.list(key), [...UNRESOLVED, ...NO_DICTIONARIES]);

import test from "ava";
import { NO_DICTIONARIES, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

test("folder has the entries of list, one by one", (t) => {
  const store = openSample();
  for (const path of ["", "folder", "versions", "hollow", "module", "link-to-folder"]) {
    const folder = store.folder(path);
    const list = store.list(path);
    t.is(folder.count, list.length);
    t.deepEqual([...folder], list);
    for (const [i, entry] of list.entries()) {
      t.deepEqual(folder.entry(i), entry);
      t.is(folder.type(i), entry.type);
    }
  }
});

test("folder has the size of a file and of a link's target, and 0 for folders and submodules", (t) => {
  const folder = openSample().folder("/");
  for (const [i, { name, kind }] of [...folder].entries()) {
    const path = name === "odd\ufffd\n" ? "odd\xff\n" : name;
    t.is(folder.size(i), kind === "value" ? sample.content(path).length : 0, name);
  }
});

for (const index of [-1, 14, 0.5, Number.NaN]) {
  test(`folder has no entry ${index}`, (t) => {
    const folder = openSample().folder("");
    t.throws(() => folder.type(index), { instanceOf: RangeError });
    t.throws(() => folder.entry(index), { instanceOf: RangeError });
    t.throws(() => folder.size(index), { instanceOf: RangeError });
  });
}

testRefusals(test, "folder", (store, key) => store.folder(key), [...UNRESOLVED, ...NO_DICTIONARIES]);

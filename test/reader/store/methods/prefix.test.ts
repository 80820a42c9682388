import test from "ava";
import { keyOf, LAYOUTS, ODD_NAME, openSample, sample } from "./sample.ts";

const VALUES = [...sample.entries]
  .filter(([, { mode }]) => mode !== "040000")
  .map(([path, { id }]) => [path, id] as const)
  .sort(([a], [b]) => Buffer.compare(keyOf(a), keyOf(b)));

for (const layout of LAYOUTS) {
  test(`prefix yields all but folders in byte order, ${layout}`, (t) => {
    const store = openSample({ layout });
    for (const start of [
      "",
      "f",
      "fo",
      "folder/",
      "folder/deep/leaf",
      "link",
      "odd\xff",
      "file/",
      "nothing",
      "module",
    ]) {
      t.deepEqual(
        [...store.prefix(keyOf(start))].map(({ path, id }) => [Buffer.from(path).toString("latin1"), id]),
        VALUES.filter(([path]) => path.startsWith(start)).map((value) => [...value]),
        start,
      );
    }
  });

  test(`prefix ignores slashes at the start, ${layout}`, (t) => {
    const store = openSample({ layout });
    t.deepEqual([...store.prefix("//folder")], [...store.prefix("folder")]);
  });

  test(`prefix follows no link, ${layout}`, (t) => {
    const store = openSample({ layout });
    t.deepEqual([...store.prefix("link-to-folder/")], []);
    t.deepEqual(
      [...store.prefix("link-to-folder")].map(({ type }) => type),
      ["symlink"],
    );
  });

  test(`prefix yields paths in memory of their own, ${layout}`, (t) => {
    const store = openSample({ layout });
    for (const { path } of store.prefix("")) path.fill(0x78);
    t.is(store.exists(ODD_NAME), "value");
    t.is(store.exists("file"), "value");
  });
}

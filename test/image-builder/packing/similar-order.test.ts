import test from "ava";
import fc from "fast-check";
import { ObjectFolders } from "../../../image-builder/packing/object-folders.ts";
import type { PackObject } from "../../../image-builder/packing/pack-object.ts";
import { similarOrder } from "../../../image-builder/packing/similar-order.ts";

/** `PATH` or `PATH:SIZE`. */
function objects(...texts: string[]): PackObject[] {
  return texts.map((text, index) => {
    const [path = "", size = "1"] = text.split(":");
    return { id: String(index).padStart(40, "0"), kind: "blob", size: Number(size), path };
  });
}

/** The objects in the order of `similarOrder`. */
function ordered(given: readonly PackObject[]): PackObject[] {
  const found = similarOrder(new ObjectFolders(given), "files");
  return Array.from(found, ({ item }) => given[item] as PackObject);
}

const paths = (found: readonly PackObject[]) => found.map(({ path }) => path);

test("objects are ordered by folder, by extension, the largest first", (t) => {
  const given = objects(
    "b/x.html:1",
    "a.txt:5",
    "b/y.css:9",
    "b/z.html:7",
    "b/sub/s.html:8",
    "c/.hidden",
    "c/d",
  );
  t.deepEqual(paths(ordered(given)), [
    "a.txt",
    "b/y.css",
    "b/z.html",
    "b/x.html",
    "b/sub/s.html",
    "c/.hidden",
    "c/d",
  ]);
});

test("versions of a folder are ordered together, at every depth; other siblings are not", (t) => {
  const pages = ["index.html:30", "a.html:20", "deep/er/b.html:10"];
  const given = objects(
    ...pages.map((page) => `1.0/${page}`),
    ...["x.c:3", "y.c:2", "a.html:1"].map((page) => `1.1-other/${page}`),
    ...pages.map((page) => `stable/${page}`),
  );
  t.deepEqual(paths(ordered(given)), [
    "1.0/index.html",
    "stable/index.html",
    "1.0/a.html",
    "stable/a.html",
    "1.0/deep/er/b.html",
    "stable/deep/er/b.html",
    "1.1-other/x.c",
    "1.1-other/y.c",
    "1.1-other/a.html",
  ]);
});

test("similarOrder returns each object once, also of folders deeper than any stack", (t) => {
  const name = fc.constantFrom("a", "b", "c", "a.x", ".", "__proto__", "constructor");
  const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join("/"));
  fc.assert(
    fc.property(fc.array(path), (all) => {
      const given = objects(...all);
      const first = ordered(given);
      t.deepEqual(first.map(({ id }) => id).sort(), given.map(({ id }) => id).sort());
      t.deepEqual(ordered(given), first);
    }),
  );
  t.is(ordered(objects(`${"d/".repeat(50_000)}x`)).length, 1);
});

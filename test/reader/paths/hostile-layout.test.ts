// Without a pinned commit a layout is believed, and may lie: but within bounds, and with clear errors.
import test from "ava";
import fc from "fast-check";
import { DocteurError } from "../../../reader/errors.ts";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { createFs } from "../../../reader/index.ts";
import type { Store } from "../../../reader/store/store.ts";
import { changedLayout, type LayoutChange } from "../changed-layout.ts";
import { FORMATS } from "../formats.ts";
import { assembleImage } from "../image-fixture.ts";
import type { LaidOut } from "../layout/layout-file.ts";
import { open } from "../pack-fixture.ts";
import { Repository } from "../repository.ts";
import { withLayout } from "../with-layout.ts";

function made(format: ObjectFormat) {
  using repository = new Repository(format);
  const blob = repository.write("blob", "content");
  const files = Array.from({ length: 300 }, (_, i) => ({ mode: "100644", name: `f${1000 + i}`, id: blob }));
  const [folder, small] = [repository.writeTree(files), repository.writeTree(files.slice(0, 2))];
  const root = repository.writeTree([
    { mode: "40000", name: "folder", id: folder },
    { mode: "100644", name: "readme", id: blob },
    { mode: "40000", name: "small", id: small },
  ]);
  const commit = repository.writeCommit(root);
  const plain = assembleImage({ commit, ...repository.pack(commit) });
  return { plain, image: withLayout(plain).image };
}

/** All that can be asked; an error must be one of docteur's. @returns their codes. */
function everything(store: Store, paths: readonly string[]): (string | undefined)[] {
  const fs = createFs(store);
  const asks: ((path: string) => unknown)[] = [
    (path) => store.exists(path),
    (path) => store.get(path),
    (path) => store.list(path),
    (path) => [...store.folder(path)].length,
    (path) => store.folder(path).count > 0 && store.folder(path).id(0),
    (path) => store.folder(path).count > 0 && store.folder(path).size(store.folder(path).count - 1),
    (path) => Array.from(store.prefix(path)).length,
    (path) => store.describe(path),
    (path) => store.readLink(path),
    (path) => fs.readdirSync(`/${path}`, { recursive: true }),
    (path) => fs.readFileSync(`/${path}`),
  ];
  return paths.flatMap((path) =>
    asks.map((ask) => {
      try {
        ask(path);
        return undefined;
      } catch (error) {
        if (!(error instanceof DocteurError)) throw error;
        return error.code;
      }
    }),
  );
}

const PATHS = ["", "folder", "small", "readme", "folder/f1000", "small/f1001", "a", "a/a", "..", ".git"];

const like = (items: readonly LaidOut[], type: string) => items.find((item) => item.type === type)!;
const keyed = (item: LaidOut, key: string): LaidOut => ({ ...item, key: Buffer.from(key) });

for (const format of FORMATS) {
  const { plain, image } = made(format);

  test(`${format.name}: folders that have one name many times end a listing`, (t) => {
    const falseImage = changedLayout(image, {
      items: (items) => {
        const [folder, file] = [like(items, "tree"), like(items, "file")];
        const level = (path: string) => Array.from({ length: 200 }, () => keyed(folder, `${path}\0a/`));
        const below = ["", "a/", "a/a/", "a/a/a/", "a/a/a/a/"].flatMap(level);
        return [...below, keyed(file, "a/a/a/a/a/\0b")];
      },
    });
    t.is([...open(falseImage).prefix("")].length, 303);
    t.notThrows(() => everything(open(falseImage), PATHS));
  });

  test(`${format.name}: names that no tree may have are not given`, (t) => {
    for (const name of ["..", ".", ".git", "x/y", "GIT~1", "a\0b", "..//", ""]) {
      const falseImage = changedLayout(image, {
        items: (items) => [
          keyed(like(items, "file"), `\0${name}`),
          ...items.filter(({ key }) => key.toString() > `\0${name}`),
        ],
      });
      const names = open(falseImage)
        .list("")
        .map((entry) => entry.name);
      t.deepEqual(names, ["folder", "readme", "small"], name);
    }
  });

  test(`${format.name}: a count that is a lie gives an error or the entries of the tree`, (t) => {
    const lies: LayoutChange[] = [
      { details: (details) => ({ ...details, entries: 2 ** 52 }) },
      { details: (details) => ({ ...details, entries: details.entries + 5000 }) },
      { details: (details) => ({ ...details, entries: 1 }) },
      { items: (items) => items, details: (details) => ({ ...details, entries: 2 * details.entries }) },
    ];
    for (const lie of lies) {
      const falseImage = changedLayout(image, lie);
      const names = (store: Store, path: string) => store.list(path).map(({ name }) => name);
      for (const path of ["", "folder", "small"])
        t.deepEqual(names(open(falseImage), path), names(open(plain), path));
      everything(open(falseImage), PATHS);
    }
  });

  test(`${format.name}: details that make no sense are noted`, (t) => {
    for (const levels of [[], [0, 1], [3], [2 ** 32 - 1, 1], Array.from({ length: 90 }, () => 1)]) {
      const notes: string[] = [];
      const falseImage = changedLayout(image, { details: (details) => ({ ...details, levels }) });
      const store = open(falseImage, { onNote: (note) => notes.push(note) });
      t.is(store.exists("folder/f1001"), "value");
      t.deepEqual(notes.length, 1, String(levels));
      t.regex(notes[0]!, /^the layout of this image is damaged, so it is read without: /);
    }
  });

  test(`${format.name}: whatever a layout says, reading ends, and errors are clear`, (t) => {
    const change = fc.record({
      at: fc.nat(),
      part: fc.constantFrom("nodes", "all", "key"),
      value: fc.nat(255),
    });
    const property = fc.property(fc.array(change, { minLength: 1, maxLength: 10 }), (changes) => {
      const falseImage = changedLayout(image, {
        bytes: (bytes, nodes) => {
          for (const { at, part, value } of changes) {
            const within = bytes.subarray(part === "nodes" ? nodes : 0);
            within[part === "key" ? (((at % 8) * 4096) % within.length) + (at % 300) : at % within.length] =
              value;
          }
        },
      });
      everything(open(falseImage), PATHS);
    });
    t.notThrows(() => fc.assert(property, { numRuns: 75 }));
  });

  test(`${format.name}: items in any order, of any kind, in any number end, and errors are clear`, (t) => {
    const names = fc.constantFrom("", "a", "b", "f1000", "folder", "folder/", "small", "..", "a/", "\0", "/");
    const item = fc.record({
      folder: names,
      name: names,
      type: fc.constantFrom("file", "tree", "symlink", "gitlink", "disordered"),
    });
    const property = fc.property(
      fc.array(item, { minLength: 1, maxLength: 500 }),
      fc.boolean(),
      (drawn, isSorted) => {
        const falseImage = changedLayout(image, {
          items: (items) => {
            const { id, location } = like(items, "file");
            const all = drawn.map(({ folder, name, type }) => ({
              key: Buffer.from(`${folder}${folder === "" ? "" : "/"}\0${name}`),
              type: type as LaidOut["type"],
              id,
              location: type === "gitlink" || type === "disordered" ? undefined : location,
            }));
            return isSorted ? all.toSorted((a, b) => Buffer.compare(a.key, b.key)) : all;
          },
        });
        everything(open(falseImage), PATHS);
      },
    );
    t.notThrows(() => fc.assert(property, { numRuns: 50 }));
  });
}

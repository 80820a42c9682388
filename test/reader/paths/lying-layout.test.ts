import { isDeepStrictEqual } from "node:util";
import test from "ava";
import fc from "fast-check";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { DocteurError } from "../../../reader/errors.ts";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { createFs } from "../../../reader/index.ts";
import { type ConnectOptions, connect } from "../../../reader/store/connect.ts";
import type { Store } from "../../../reader/store/store.ts";
import { changedLayout, itemsOf } from "../changed-layout.ts";
import { FORMATS } from "../formats.ts";
import { assembleImage } from "../image-fixture.ts";
import type { LaidOut } from "../layout/layout-file.ts";
import { open } from "../pack-fixture.ts";
import { Repository } from "../repository.ts";
import { withLayout } from "../with-layout.ts";

const PAGES = 900;
const page = (i: number) => `page-${String(i).padStart(4, "0")}.html`;

/** Folders of many kinds: large, empty, out of order, deep; links, executables, submodules. */
function made(format: ObjectFormat) {
  using repository = new Repository(format);
  const file = (content: string) => repository.write("blob", content);
  const tree = (entries: Record<string, string>, mode = "100644") =>
    repository.writeTree(Object.entries(entries).map(([name, id]) => ({ mode, name, id })));
  const [even, odd, link] = [file("even"), file("odd and longer"), file("many/page-0007.html")];
  const many = Object.fromEntries(
    Array.from({ length: PAGES }, (_, i) => [page(i), i % 2 === 0 ? even : odd]),
  );
  const deep = tree({ d: tree({ d: tree({ d: tree({ file: odd }) }, "40000") }, "40000") }, "40000");
  const root = repository.writeTree([
    { mode: "40000", name: "deep", id: deep },
    { mode: "40000", name: "empty", id: tree({}) },
    { mode: "120000", name: "link", id: link },
    { mode: "40000", name: "many", id: tree(many) },
    { mode: "40000", name: "more", id: tree({ a: even, b: odd }) },
    { mode: "160000", name: "submodule", id: "12".repeat(format.idLength) },
    { mode: "40000", name: "upside-down", id: tree({ b: even, a: odd, c: odd }) },
    { mode: "100755", name: "z", id: odd },
  ]);
  const commit = repository.writeCommit(root);
  const plain = assembleImage({ commit, ...repository.pack(commit) });
  return { commit, plain, even, odd, ...withLayout(plain) };
}

/** The tests of an image of an object format. */
function testAll(format: ObjectFormat): void {
  const { commit, plain, image, even, odd } = made(format);

  const PATHS = [
    ...[
      "",
      "many",
      "empty",
      "deep/d/d/d/file",
      "deep/d",
      "link",
      "submodule",
      "upside-down",
      "upside-down/a",
    ],
    ...["z", "zz", "a", "many/zzz", "many/page-0007.html/x", "empty/x", "more/a", "more/c", "upside-down/x"],
    ...[0, 1, 7, 8, 100, 450, 700, PAGES - 1].map((i) => `many/${page(i)}`),
    ...["x".repeat(2000), `many/${"x".repeat(1100)}`, "deep/d/d/../../../many/page-0003.html", "link/x"],
  ];

  /** Something that a store returns, or the code of the error. */
  function answer(ask: () => unknown): unknown {
    try {
      return ask();
    } catch (error) {
      if (error instanceof DocteurError || (error as { code?: unknown }).code !== undefined) {
        return (error as DocteurError).code;
      }
      throw error;
    }
  }

  /** All that a store says, but for sizes, which nothing verifies. */
  function answers(store: Store): Record<string, unknown> {
    const fs = createFs(store);
    const all: Record<string, unknown> = {};
    for (const path of PATHS) {
      const ask = (name: string, work: () => unknown) => {
        all[`${name} ${path}`] = answer(work);
      };
      ask("exists", () => store.exists(path));
      ask("get", () => Buffer.from(store.get(path)).toString());
      ask("digest", () => store.digest(path));
      ask("readLink", () => Buffer.from(store.readLink(path)).toString());
      ask("describe", () => ({ ...store.describe(path), size: 0, path: String(store.describe(path).path) }));
      ask("list", () => store.list(path).map(({ name, type, id }) => [name, type, id]));
      ask("count", () => store.folder(path).count);
      ask("last", () => {
        const folder = store.folder(path);
        return [...Array(folder.count).keys()].reverse().map((i) => folder.entry(i).name);
      });
      ask("readdir", () => fs.readdirSync(`/${path}`));
      ask("prefix", () => Array.from(store.prefix(path), ({ path, type, id }) => [String(path), type, id]));
    }
    for (const start of [
      "many//",
      "many//page",
      "//",
      "m",
      "many/page-01",
      "many/page-0899",
      "upside-down/b",
      "empty/",
      "deep/d/",
      "z",
    ]) {
      all[`prefix ${start}`] = answer(() =>
        Array.from(store.prefix(start), ({ path, type, id }) => [String(path), type, id]),
      );
    }
    return all;
  }

  /** The questions to which an image gives another answer than by its trees alone. */
  function differences(store: Store): Record<string, unknown> {
    const found = answers(store);
    const wrong = Object.keys(light).filter((ask) => !isDeepStrictEqual(found[ask], light[ask]));
    return Object.fromEntries(wrong.map((ask) => [ask, found[ask]]));
  }

  const light = answers(open(plain, { layout: "light" }));

  const found = (items: readonly LaidOut[], key: string) =>
    items.findIndex((item) => String(item.key) === key);

  /** Layouts that lie, of which some of what they say is true. */
  const LIES: Record<string, (items: LaidOut[]) => readonly LaidOut[]> = {
    nothing: (items) => items,
    "one entry more at the end of a folder": (items) =>
      items.toSpliced(found(items, "more/\0b") + 1, 0, {
        ...items[found(items, "more/\0b")]!,
        key: Buffer.from("more/\0c"),
      }),
    "one entry more at the start of a folder": (items) =>
      items.toSpliced(found(items, "more/\0a"), 0, {
        ...items[found(items, "more/\0b")]!,
        key: Buffer.from("more/\0A"),
      }),
    "an entry in an empty folder": (items) =>
      items.toSpliced(found(items, "many/\0page-0000.html"), 0, {
        ...items[found(items, "more/\0b")]!,
        key: Buffer.from("empty/\0x"),
      }),
    "an entry more at the end of the root": (items) =>
      items.toSpliced(found(items, "\0z") + 1, 0, {
        ...items[found(items, "\0z")]!,
        key: Buffer.from("\0zz"),
      }),
    "an entry less": (items) => items.toSpliced(found(items, "many/\0page-0450.html"), 1),
    "an entry twice": (items) =>
      items.toSpliced(found(items, "more/\0b"), 0, items[found(items, "more/\0b")]!),
    "two entries in another order": (items) => {
      const at = found(items, "many/\0page-0100.html");
      return items.toSpliced(at, 2, items[at + 1]!, items[at]!);
    },
    "a folder before its mark": (items) => {
      const at = found(items, "upside-down/\0");
      return items.toSpliced(at, 2, items[at + 1]!, items[at]!);
    },
    "no mark": (items) => items.toSpliced(found(items, "upside-down/\0"), 1),
    "a mark too many": (items) =>
      items.toSpliced(found(items, "more/\0a"), 0, {
        ...items[found(items, "upside-down/\0")]!,
        key: Buffer.from("more/\0"),
      }),
    "other entries": (items) =>
      items.map((item) => ({ ...item, id: item.type === "file" ? Buffer.from(even, "hex") : item.id })),
  };

  /** Stores of an image, small caches among them, and of devices that do not read twice the same. */
  function stores(falseImage: Buffer, options: ConnectOptions): Store[] {
    let reads = 0;
    const honest = memoryDevice(image);
    const size = Math.max(falseImage.length, image.length);
    const changing = (isHonest: () => boolean) => {
      const lying = memoryDevice(Buffer.concat([falseImage], size));
      const truth = memoryDevice(Buffer.concat([image], size));
      return {
        ...honest,
        ...lying,
        readSectors: (...args: Parameters<typeof lying.readSectors>) =>
          (isHonest() ? truth : lying).readSectors(...args),
      };
    };
    const devices = [memoryDevice(falseImage)];
    if (falseImage.length === image.length)
      devices.push(
        changing(() => reads++ % 2 === 0),
        changing(() => reads++ > 40),
      );
    return devices.map((device, i) =>
      connect(device, { ...options, ...(i > 0 ? { sectorCacheSize: 0 } : {}) }),
    );
  }

  for (const [what, lie] of Object.entries(LIES)) {
    test(`${format.name}: with a pinned commit a layout that says ${what} gives the answers of the trees`, (t) => {
      const falseImage = changedLayout(image, { items: lie });
      for (const store of stores(falseImage, { commit })) t.deepEqual(differences(store), {});
    });
  }

  test(`${format.name}: with a pinned commit any layout gives the answers of the trees`, (t) => {
    const { details } = itemsOf(image);
    const length = details.levels.reduce((sum, blocks) => sum + blocks, 0) * 4096;
    const change = fc.record({ at: fc.nat(length), isNode: fc.boolean(), value: fc.nat(255) });
    const property = fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
      const falseImage = changedLayout(image, {
        bytes: (bytes, nodes) => {
          for (const { at, isNode, value } of changes) {
            const part = bytes.subarray(isNode ? nodes : 0);
            part[(isNode ? at % 400 : at) % part.length] = value;
          }
        },
      });
      for (const store of stores(falseImage, { commit })) t.deepEqual(differences(store), {});
    });
    t.notThrows(() => fc.assert(property, { numRuns: 30 }));
  });

  test(`${format.name}: with a pinned commit a layout that says of folders where they do not lie changes no answer`, (t) => {
    for (const wrong of [80, 10_000_000]) {
      const falseImage = changedLayout(image, {
        items: (items) =>
          items.map((item) =>
            item.type === "tree" && item.location !== undefined
              ? { ...item, location: { ...item.location, offset: wrong } }
              : item,
          ),
      });
      for (const path of PATHS.slice(0, 12)) {
        const store = open(falseImage, { commit });
        t.deepEqual(
          answer(() => store.list(path).length),
          answer(() => open(plain, { layout: "light" }).list(path).length),
        );
        const prefix = open(falseImage, { commit });
        t.deepEqual(
          answer(() => [...prefix.prefix(path)].length),
          answer(() => [...open(plain, { layout: "light" }).prefix(path)].length),
        );
      }
    }
  });

  test(`${format.name}: with a pinned commit levels above the leaves that lie change no answer`, (t) => {
    const lies: Record<string, (root: Buffer) => void> = {
      "the first child is the second": (root) => root.writeUInt32BE(1, 8),
      "the first child is one that is not": (root) => root.writeUInt32BE(2 ** 32 - 1, 8),
      "fewer children": (root) => root.writeUInt16BE(3, 4),
      counts: (root) => {
        // The byte before each key of an item is the last of the count of the one before.
        for (let at = root.indexOf("many/"); at >= 0; at = root.indexOf("many/", at + 1)) root[at - 4]! ^= 1;
        for (let at = 20; at < 300; at++) if (root[at] === 0x80 || root[at] === 0x81) root[at + 1]! ^= 3;
      },
      keys: (root) => {
        for (let at = root.indexOf("page-0"); at >= 0; at = root.indexOf("page-0", at + 1))
          root[at + 5]! += 1;
      },
    };
    for (const [what, lie] of Object.entries(lies)) {
      const falseImage = changedLayout(image, { bytes: (bytes, nodes) => lie(bytes.subarray(nodes)) });
      for (const store of stores(falseImage, { commit })) t.deepEqual(differences(store), {}, what);
    }
  });

  void odd;
}

for (const format of FORMATS) testAll(format);

import { mkdirSync, readlinkSync, realpathSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import test from "ava";
import fc from "fast-check";
import type { Store } from "../../../reader/store/store.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { faultOf, refused } from "../fault.ts";
import { imageOfTree, type MadeEntry, open, whole } from "../pack-fixture.ts";
import { encodeTree } from "../repository.ts";

/** A folder: names to files, links by their targets, and folders. */
interface Folder {
  readonly [name: string]: "file" | { readonly to: string } | Folder;
}

const NAMES = ["p", "q", "r"];
const name = fc.constantFrom(...NAMES);
const path = fc.array(fc.constantFrom(...NAMES, "p", "q", ".", ".."), { minLength: 1, maxLength: 5 });
const spelled = fc
  .tuple(fc.constantFrom("", "/"), path, fc.constantFrom("", "/", "//", "/."))
  .map(([start, names, end]) => start + names.join("/") + end);

const { folder } = fc.letrec<{ folder: Folder; entry: Folder[string] }>((tie) => ({
  folder: fc.dictionary(name, tie("entry"), { maxKeys: 3 }),
  entry: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    fc.constant("file" as const),
    spelled.map((to) => ({ to })),
    spelled.map((to) => ({ to })),
    tie("folder"),
    tie("folder"),
  ),
}));

const isLink = (entry: Folder[string]): entry is { readonly to: string } =>
  typeof entry === "object" && typeof entry.to === "string";

function writeFolder(path: string, folder: Folder, root: string): void {
  mkdirSync(path);
  for (const [name, entry] of Object.entries(folder)) {
    const child = join(path, name);
    if (entry === "file") writeFileSync(child, child);
    else if (isLink(entry)) symlinkSync(entry.to.startsWith("/") ? root + entry.to : entry.to, child);
    else writeFolder(child, entry as Folder, root);
  }
}

function imageOf(folder: Folder): Store {
  const entries: MadeEntry[] = [];
  const add = (entry: MadeEntry) => {
    entries.push(entry);
    return entry.id;
  };
  const tree = (folder: Folder): MadeEntry => {
    const listed = Object.entries(folder)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, entry]) => {
        if (entry === "file") return { mode: "100644", name, id: add(whole("blob", "a file")) };
        if (isLink(entry)) return { mode: "120000", name, id: add(whole("blob", entry.to)) };
        return { mode: "40000", name, id: add(tree(entry as Folder)) };
      });
    return whole("tree", encodeTree(listed));
  };
  const root = tree(folder);
  const once = [...new Map(entries.map((entry) => [entry.id, entry])).values()];
  return open(
    imageOfTree(
      root,
      once.filter(({ id }) => id !== root.id),
    ),
  );
}

/** What Linux says of a path: where it leads, or why nowhere. */
function onDisk(root: string, path: string, follow: boolean): string {
  try {
    if (!follow) {
      readlinkSync(root + path);
      return "link";
    }
    const real = realpathSync.native(root + path);
    const inside = relative(root, real);
    return inside.startsWith("..")
      ? "ENOENT"
      : `${statSync(real).isDirectory() ? "folder" : "file"} ${inside}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EINVAL") return onDisk(root, path, true);
    return code as string;
  }
}

const CODES: Record<string, string> = {
  NOT_FOUND: "ENOENT",
  DICTIONARY_EXPECTED: "ENOTDIR",
  TOO_MANY_LINKS: "ELOOP",
};

function inImage(store: Store, path: string, follow: boolean): string {
  let said = "";
  const fault = faultOf(() => {
    const { kind, type, path: real } = store.describe(path, follow);
    if (type === "symlink") said = "link";
    else said = `${kind === "dictionary" ? "folder" : "file"} ${Buffer.from(real)}`;
  });
  return fault === "none" ? said : (CODES[fault] ?? fault);
}

/**
 * Whether a `..` of the path itself, not of a link, climbs above the root; there image and folder differ by
 * design.
 */
function climbs(root: string, path: string): boolean {
  const names = path.split("/");
  return names.some((name, i) => {
    if (name !== "..") return false;
    try {
      return realpathSync.native(root + names.slice(0, i).join("/")) === root;
    } catch {
      return false;
    }
  });
}

test("a path in the image leads where it leads on Linux", (t) => {
  const disk = temporaryFolder(t);
  let round = 0;
  const property = fc.property(
    folder,
    fc.array(spelled, { minLength: 1, maxLength: 12 }),
    (folder, paths) => {
      // Above the root there are folders that no name leads back from, more than a link climbs.
      const root = join(disk, `outside-${round++}`, ...Array.from({ length: 6 }, () => "above"), "root");
      mkdirSync(join(root, ".."), { recursive: true });
      writeFolder(root, folder, root);
      const store = imageOf(folder);
      for (const path of paths.map((path) => `/${path}`)) {
        if (climbs(root, path)) continue;
        for (const follow of [true, false]) {
          const expected = onDisk(root, path, follow);
          const actual = inImage(store, path, follow);
          if (actual !== expected)
            throw new Error(`${path}, follow ${follow}: ${actual}, on disk ${expected}`);
        }
      }
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 300, includeErrorInReport: true }));
});

const LINKED = imageOf({
  d: {
    f: "file",
    up: { to: ".." },
    out: { to: "../../d/f" },
    abs: { to: "/d/f" },
    dir: { to: "/d/" },
    slash: { to: "f/" },
  },
  loop: { to: "pool" },
  pool: { to: "loop" },
  self: { to: "self/x" },
  gone: { to: "nothing" },
  f: "file",
});

for (const [path, where] of [
  ["d/up/d/f", "file d/f"],
  ["d/out", "ENOENT"],
  ["d/abs", "file d/f"],
  ["d/dir", "folder d"],
  ["d/dir/f", "file d/f"],
  ["d/slash", "ENOTDIR"],
  ["loop", "ELOOP"],
  ["self", "ELOOP"],
  ["gone", "ENOENT"],
  ["gone/x", "ENOENT"],
  ["f/x", "ENOTDIR"],
  ["f/", "ENOTDIR"],
  ["f/.", "ENOTDIR"],
  ["f/..", "ENOTDIR"],
  ["..", "folder "],
  ["../../d/f", "file d/f"],
  ["", "folder "],
  ["///", "folder "],
  ["//d//f", "file d/f"],
  ["./d/./f", "file d/f"],
] as const) {
  test(`${JSON.stringify(path)} leads to ${where}`, (t) => {
    t.is(inImage(LINKED, path, true), where);
  });
}

test("forty links are followed, not one more", (t) => {
  const links = Object.fromEntries(
    Array.from({ length: 45 }, (_, i) => [`l${i}`, { to: i === 0 ? "f" : `l${i - 1}` }]),
  );
  const store = imageOf({ ...links, f: "file" });
  t.is(inImage(store, "l39", true), "file f");
  t.is(inImage(store, "l40", true), "ELOOP");
  t.is(inImage(store, "l44", false), "link");
});

test("a target that no system follows leads nowhere", (t) => {
  const store = imageOf({
    f: "file",
    empty: { to: "" },
    nul: { to: "f\0" },
    nulInside: { to: "f\0/../f" },
    huge: { to: `${"./".repeat(2048)}f` },
    long: { to: `${"./".repeat(2047)}f` },
    enormous: { to: "f/../".repeat(400_000) },
  });
  for (const path of ["empty", "nul", "nulInside", "huge", "enormous", "enormous/f"]) {
    refused(t, "NOT_FOUND", () => store.get(path), path);
    t.is(store.exists(path), undefined);
  }
  t.is(Buffer.from(store.get("long")).toString(), "a file");
  t.is(store.readLink("huge").length, 4097);
  t.is(store.readLink("empty").length, 0);
});

test("forty links to long paths are refused before they take long", (t) => {
  const way = "d/../".repeat(800);
  const links = Object.fromEntries(
    Array.from({ length: 39 }, (_, i) => [`l${i}`, { to: `${way}${i === 0 ? "f" : `l${i - 1}`}` }]),
  );
  const store = imageOf({ ...links, d: {}, f: "file" });
  t.is(inImage(store, "l38", true), "file f");
});

test("a tree where a link's target is expected is refused", (t) => {
  const empty = whole("tree", "");
  const root = whole("tree", encodeTree([{ mode: "120000", name: "l", id: empty.id }]));
  const store = open(imageOfTree(root, [empty]));
  refused(t, "object-kind", () => store.get("l"));
  refused(t, "object-kind", () => store.readLink("l"));
});

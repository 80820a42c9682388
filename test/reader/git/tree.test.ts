import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { InvalidImageError } from "../../../reader/errors.ts";
import { MODES, Tree, type TreeEntry } from "../../../reader/git/tree.ts";
import { refused } from "../fault.ts";
import { anyFormat, FORMATS } from "../formats.ts";
import { encodeTree, Repository } from "../repository.ts";

const ID = "1234567890".repeat(4);
const parse = (bytes: Uint8Array): TreeEntry[] => [...new Tree(bytes, 20)];
const one = (mode: string, name: string | Uint8Array) => encodeTree([{ mode, name, id: ID }]);

const VALID: [string, string][] = [
  ["100644", "file"],
  ["100755", "executable"],
  ["120000", "symlink"],
  ["40000", "tree"],
  ["160000", "gitlink"],
  // What old gits wrote, and git fsck only warns of.
  ["100664", "file"],
  ["100600", "file"],
  ["100775", "executable"],
  ["100700", "executable"],
  ["0100644", "file"],
  ["040000", "tree"],
  ["0000040000", "tree"],
  ["120777", "symlink"],
  ["100001", "file"],
  ["1100644", "file"],
  ["7777777777777777777777040000", "tree"],
  // Git takes what is no file, link or tree for a submodule.
  ["644", "gitlink"],
  ["0", "gitlink"],
  ["100", "gitlink"],
  ["10644", "gitlink"],
  ["200000", "gitlink"],
  ["140000", "gitlink"],
  ["60000", "gitlink"],
  ["00000000000000000000", "gitlink"],
];
for (const [mode, type] of VALID) {
  test(`mode ${mode} is a ${type}`, (t) => {
    t.is(parse(one(mode, "name"))[0]?.type, type as "file");
  });
}

for (const mode of ["", "8", "100648", "1o0644", "-40000", "+40000", " 40000", "x"]) {
  test(`mode ${JSON.stringify(mode)} is refused`, (t) => {
    refused(t, "tree", () => parse(one(mode, "name")));
  });
}

for (const name of ["", ".", "..", ".git", ".GIT", "git~1", ".git ", "a\\.git", "a/b", "/", "a/", "/a"]) {
  test(`the name ${JSON.stringify(name)} is refused, of a file and of a tree`, (t) => {
    refused(t, "tree", () => parse(one("100644", name)));
    refused(t, "tree", () => parse(one("40000", name)));
  });
}

for (const name of [
  "...",
  ".g",
  ".gi",
  ".git2",
  ".gitignore",
  "git",
  "\\",
  "\n",
  "\u0001",
  "con",
  " ",
  "a\xff",
]) {
  test(`the name ${JSON.stringify(name)} is kept`, (t) => {
    const bytes = Buffer.from(name, "latin1");
    t.deepEqual(Buffer.from(parse(one("100644", bytes))[0]?.name ?? []), bytes);
  });
}

/** Entries, of which the first that has a name counts. */
const DISORDER: Record<string, [string, string][]> = {
  "two files of one name": [
    ["100644", "a"],
    ["100755", "a"],
  ],
  "two trees of one name": [
    ["40000", "a"],
    ["40000", "a"],
  ],
  "a file and a tree of one name": [
    ["100644", "a"],
    ["40000", "a"],
  ],
  "a file and a tree of one name, apart": [
    ["100644", "a"],
    ["100644", "a-b"],
    ["40000", "a"],
  ],
  "a file and a tree of one name, far apart": [
    ["100644", "a"],
    ["100644", "a!"],
    ["100644", "a-"],
    ["100644", "a-b"],
    ["40000", "a"],
  ],
  "a submodule and a tree of one name": [
    ["160000", "a"],
    ["100644", "a.b"],
    ["40000", "a"],
  ],
  "files out of order": [
    ["100644", "b"],
    ["100644", "a"],
  ],
  "a tree sorted as a file": [
    ["40000", "a"],
    ["100644", "a.txt"],
  ],
  "a file sorted as a tree": [
    ["100644", "a.txt"],
    ["100644", "a"],
  ],
  "a submodule sorted as a tree": [
    ["100644", "a.txt"],
    ["160000", "a"],
  ],
};
for (const [name, entries] of Object.entries(DISORDER)) {
  test(`${name}: the first of a name counts`, (t) => {
    using repository = new Repository();
    const listed = entries.map(([mode, name], index) => ({ mode, name, id: numbered(index) }));
    t.regex(complaints(repository, encodeTree(listed)), /treeNotSorted|duplicateEntries/);
    const tree = new Tree(encodeTree(listed), 20);
    const first = listed.filter(
      ({ name }, index) => listed.findIndex((other) => other.name === name) === index,
    );
    const ids = (entries: Iterable<TreeEntry>) =>
      Array.from(entries, ({ id }) => Buffer.from(id).toString("hex"));
    const wanted = first.map(({ id }) => id);
    t.deepEqual(ids(tree), wanted);
    t.deepEqual(
      ids(hiddenIn(tree)),
      listed.map(({ id }) => id).filter((id) => !wanted.includes(id)),
    );
    for (const { name, id } of first) t.deepEqual(ids([tree.find(Buffer.from(name)) as TreeEntry]), [id]);
    t.is(tree.find(Buffer.from("b.c")), undefined);
    const inOrder = Array.from({ length: tree.count }, (_, index) => tree.entry(tree.inOrder(index)));
    const keys = inOrder.map(({ name, type }) => Buffer.from(name).toString() + (type === "tree" ? "/" : ""));
    t.deepEqual(keys, [...keys].sort());
  });
}

function hiddenIn(tree: Tree): TreeEntry[] {
  return Array.from({ length: tree.total - tree.count }, (_, index) => tree.entry(tree.count + index));
}

/** An id that tells the index of an entry. */
function numbered(index: number): string {
  return String(index).padStart(40, "0");
}

test("more disorder than can be put in order is refused", (t) => {
  const names = Array.from({ length: 2 ** 18 + 1 }, (_, index) => `a${index}`);
  const entries = (names: readonly string[]) =>
    encodeTree(names.map((name) => ({ mode: "100644", name, id: ID })));
  refused(t, "tree", () => new Tree(entries(names), 20));
  t.is(new Tree(entries(names.slice(1)), 20).count, 2 ** 18);
  t.is(new Tree(entries(names.toSorted()), 20).count, names.length);
});

for (const { name, idLength } of FORMATS) {
  const id = "12".repeat(idLength);

  test(`${name}: every cut of a tree is refused or a shorter tree`, (t) => {
    const bytes = encodeTree(["a", "b", "c"].map((name) => ({ mode: "100644", name, id })));
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      if (length % (bytes.length / 3) === 0) t.is(new Tree(cut, idLength).count, (length * 3) / bytes.length);
      else refused(t, "tree", () => new Tree(cut, idLength));
    }
  });

  test(`${name}: entries are read whole, ids and all`, (t) => {
    const names = ["a", "b", "c"];
    const ids = names.map((_, i) => `${i}${i}`.repeat(idLength));
    const bytes = encodeTree(names.map((name, i) => ({ mode: "100755", name, id: ids[i]! })));
    const tree = new Tree(bytes, idLength);
    t.is(tree.total, 3);
    t.deepEqual(
      Array.from(tree, ({ type, id }) => [type, Buffer.from(id).toString("hex")]),
      ids.map((id) => ["executable", id]),
    );
    t.is(Buffer.from(tree.find(Buffer.from("b"))!.id).toString("hex"), ids[1]!);
  });
}

test("a tree with ids of another length is refused, or has other entries", (t) => {
  const lengths = FORMATS.map(({ idLength }) => idLength);
  for (const [written, read] of [lengths, lengths.toReversed()] as [number, number][]) {
    const id = "12".repeat(written);
    const bytes = encodeTree(["a", "b", "c"].map((name) => ({ mode: "100644", name, id })));
    refused(t, "tree", () => new Tree(bytes, read));
  }
});

const name = fc
  .array(fc.constantFrom("a", "b", "-", ".", "0", "!", "~", "\xff"), { minLength: 1, maxLength: 3 })
  .map((letters) => letters.join(""))
  .filter((name) => !/^\.\.?$/.test(name));
const mode = fc.oneof(
  fc.constantFrom("100644", "40000", "120000", "160000"),
  fc.constantFrom("040000", "100664", "100755", "100775", "644", "0", "1100755", "120777"),
);

for (const format of FORMATS) {
  test(`${format.name}: any heap of entries is read as git ls-tree lists it, and found where git finds it`, (t) => {
    using repository = new Repository(format);
    const blob = repository.write("blob", "x");
    const folder = repository.writeTree([{ mode: "100644", name: "x", id: blob }]);
    const entry = fc.record({ mode, name, index: fc.nat(999) });
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
    t.log(`SEED=${seed}`);
    const asked: { tree: Tree; name: string; spec: string }[] = [];
    for (const entries of fc.sample(fc.array(entry, { maxLength: 7 }), { numRuns: 150, seed })) {
      const listed = entries.map(({ mode, name }) => ({
        mode,
        name: Buffer.from(name, "latin1"),
        id: /^0*40000$/.test(mode) ? folder : blob,
      }));
      const id = repository.writeTree(listed);
      const tree = new Tree(encodeTree(listed), format.idLength, id);
      const git = repository.list(id);
      const first = git.filter(({ path }, index) => git.findIndex((other) => other.path === path) === index);
      const ours = Array.from(tree, ({ type, name, id }) => ({
        mode: MODES[type].toString(8).padStart(6, "0"),
        id: Buffer.from(id).toString("hex"),
        path: Buffer.from(name).toString("latin1"),
      }));
      assert.deepEqual(
        ours,
        first.map(({ mode, id, path }) => ({ mode, id, path })),
        JSON.stringify(entries),
      );
      assert.equal(git.length - first.length, hiddenIn(tree).length);
      for (const { path } of first)
        if (!path.includes("\xff")) asked.push({ tree, name: path, spec: `${id}:${path}` });
    }
    const answers = repository.git(
      ["cat-file", "--batch-check"],
      `${asked.map(({ spec }) => spec).join("\n")}\n`,
    );
    let found = 0;
    for (const [index, line] of answers.toString().trim().split("\n").entries()) {
      const { tree, name, spec } = asked[index] as (typeof asked)[0];
      // Where entries are out of order, git does not find all that it lists.
      if (line.endsWith(" missing")) continue;
      found++;
      const kind = tree.find(Buffer.from(name))?.type === "tree" ? "tree" : "blob";
      assert.equal(line.split(" ")[1], kind, spec);
    }
    t.true(found > asked.length / 4, `${found} of ${asked.length}`);
  });
}

test("any bytes are a tree or refused", (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), anyFormat, (bytes, { idLength }) => {
    accepts(bytes, idLength);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2000 }));
});

test("a message stays short and in one line, whatever the name", (t) => {
  const error = t.throws(() => parse(one("100644", `.git:\n${"x".repeat(100_000)}`)), {
    instanceOf: InvalidImageError,
  });
  t.false(error?.message.includes("\n"));
  t.true((error?.message.length ?? 0) < 500);
});

function accepts(bytes: Uint8Array, idLength: number): boolean {
  try {
    new Tree(bytes, idLength);
    return true;
  } catch (error) {
    if (error instanceof InvalidImageError) return false;
    throw error;
  }
}

/** What `git fsck` says of one tree. */
function complaints(repository: Repository, bytes: Uint8Array): string {
  const id = repository.write("tree", bytes);
  const lines = repository.complaints(["fsck", "--no-dangling"]).split("\n");
  return lines.filter((line) => line.includes(`in tree ${id}`)).join("\n");
}

test("every entry is found by its name, and no other name is", (t) => {
  const name = fc.stringMatching(/^[a-d./ -]{1,4}$/).filter((text) => !/^\.{1,2}$|\//.test(text));
  const property = fc.property(
    fc.uniqueArray(fc.record({ name, folder: fc.boolean() }), {
      selector: (entry) => entry.name,
      maxLength: 40,
    }),
    name,
    (entries, other) => {
      const sorted = entries
        .map((entry) => ({ ...entry, key: Buffer.from(entry.folder ? `${entry.name}/` : entry.name) }))
        .sort((a, b) => Buffer.compare(a.key, b.key));
      const tree = new Tree(
        encodeTree(
          sorted.map((entry) => ({ mode: entry.folder ? "40000" : "100644", name: entry.name, id: ID })),
        ),
        20,
      );
      assert.equal(tree.count, entries.length);
      for (const { name, folder } of sorted) {
        const found = tree.find(Buffer.from(name));
        assert.equal(found && Buffer.from(found.name).toString(), name);
        assert.equal(found?.type, folder ? "tree" : "file");
      }
      const there = entries.some((entry) => entry.name === other);
      assert.equal(tree.find(Buffer.from(other)) !== undefined, there);
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 500 }));
});

import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { InvalidImageError } from "../../../guest/errors.ts";
import { Tree, type TreeEntry } from "../../../guest/git/tree.ts";
import { refused } from "../fault.ts";
import { encodeTree, Repository } from "../repository.ts";

const ID = "1234567890".repeat(4);
const parse = (bytes: Uint8Array): TreeEntry[] => [...new Tree(bytes)];
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
];
for (const [mode, type] of VALID) {
  test(`mode ${mode} is a ${type}`, (t) => {
    t.is(parse(one(mode, "name"))[0]?.type, type as "file");
  });
}

for (const mode of [
  "",
  "0",
  "100",
  "10644",
  "200000",
  "140000",
  "60000",
  "8",
  "100648",
  "1o0644",
  "-40000",
  "0".repeat(20),
]) {
  test(`mode ${JSON.stringify(mode)} is refused`, (t) => {
    refused(t, "tree", () => parse(one(mode, "name")));
  });
}

for (const name of ["", ".", "..", ".git", ".GIT", ".Git", "a/b", "/", "a/", "/a"]) {
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
  test(`${name}: refused, as git fsck has it`, (t) => {
    const listed = entries.map(([mode, name]) => ({ mode, name, id: ID }));
    refused(t, "tree", () => parse(encodeTree(listed)));
    using repository = new Repository();
    t.regex(complaints(repository, encodeTree(listed)), /treeNotSorted|duplicateEntries/);
  });
}

test("every cut of a tree is refused or a shorter tree", (t) => {
  const entries = ["a", "b", "c"].map((name) => ({ mode: "100644", name, id: ID }));
  const bytes = encodeTree(entries);
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    if (length % (bytes.length / 3) === 0) t.is(parse(cut).length, (length * 3) / bytes.length);
    else refused(t, "tree", () => parse(cut));
  }
});

const name = fc
  .array(fc.constantFrom("a", "b", "-", ".", "0", "!", "~", "/"), { maxLength: 3 })
  .map((letters) => letters.join(""));
const entry = fc.record({ mode: fc.constantFrom("100644", "40000", "120000", "160000"), name });
const sorted = (mode: string, name: string) => (mode === "40000" ? `${name}/` : name);

test("it accepts the trees that git fsck accepts", (t) => {
  using repository = new Repository();
  const property = fc.property(fc.array(entry, { maxLength: 6 }), fc.boolean(), (entries, sort) => {
    const listed = entries.map((one) => ({ ...one, id: ID }));
    if (sort) listed.sort((a, b) => (sorted(a.mode, a.name) < sorted(b.mode, b.name) ? -1 : 1));
    const bytes = encodeTree(listed);
    const bad = /treeNotSorted|duplicateEntries|badTree|emptyName|fullPathname|hasDot|hasDotdot|hasDotgit/;
    assert.equal(accepts(bytes), !bad.test(complaints(repository, bytes)), JSON.stringify(entries));
  });
  t.notThrows(() => fc.assert(property, { numRuns: 150, includeErrorInReport: true }));
});

test("any bytes are a tree or refused", (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    accepts(bytes);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2000 }));
});

test("a message stays short and in one line, whatever the name", (t) => {
  const error = t.throws(() => parse(one("100", `\n${"x".repeat(100_000)}`)), {
    instanceOf: InvalidImageError,
  });
  t.false(error?.message.includes("\n"));
  t.true((error?.message.length ?? 0) < 500);
});

function accepts(bytes: Uint8Array): boolean {
  try {
    parse(bytes);
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

import test from "ava";
import fc from "fast-check";
import { inTreeOrder } from "../../../image-builder/folder/list-folder.ts";
import { encodeTree } from "../../../image-builder/folder/tree.ts";
import type { EntryType } from "../../../reader/git/tree.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { gitBytes } from "../sandbox.ts";

const RECORD: Readonly<Record<Exclude<EntryType, "gitlink">, string>> = {
  file: "100644 blob",
  executable: "100755 blob",
  symlink: "120000 blob",
  tree: "040000 tree",
};

test("a tree is what git mktree makes of the same entries", (t) => {
  const folder = temporaryFolder(t);
  gitBytes(folder, ["init", "--quiet", "--bare", "."]);
  const name = fc
    .string({
      unit: fc.constantFrom("a", "b", ".", "-", "0", " ", "\n", "\xff", "\x80", "A"),
      minLength: 1,
      maxLength: 5,
    })
    .filter((text) => !/^\.\.?$/.test(text));
  const entry = fc.record({
    name,
    type: fc.constantFrom("file", "executable", "symlink", "tree") as fc.Arbitrary<keyof typeof RECORD>,
  });
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 12 }), (entries) => {
      const id = Buffer.alloc(20, 7);
      const records = entries
        .map(({ name, type }) => `${RECORD[type]} ${id.toString("hex")}\t${name}\0`)
        .join("");
      const tree = gitBytes(folder, ["mktree", "-z", "--missing"], Buffer.from(records, "latin1"))
        .toString()
        .trim();
      const given = {
        names: entries.map((each) => each.name),
        types: entries.map((each) => each.type),
        sizes: entries.map(() => 0),
      };
      const { names, types } = inTreeOrder(given);
      const ours = encodeTree(names, types, 20, (_, into, offset) => id.copy(into, offset));
      t.deepEqual(Buffer.from(ours), gitBytes(folder, ["cat-file", "tree", tree]));
    }),
    { numRuns: 40 },
  );
});

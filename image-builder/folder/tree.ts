import { ID_LENGTH } from "../../reader/git/object-id.ts";
import { type EntryType, MODES, type TreeEntry } from "../../reader/git/tree.ts";

/**
 * Sorts entries as git does (byte by byte, a tree's name as if it ended in a slash) and encodes them as a
 * tree object.
 */
export function encodeTree(entries: readonly TreeEntry[]): Uint8Array {
  const keyed = entries.map((entry) => ({ entry, key: sortKey(entry) }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  const lengths = entries.map(({ type, name }) => octal(type).length + name.length + 2 + ID_LENGTH);
  const tree = Buffer.alloc(lengths.reduce((sum, length) => sum + length, 0));
  let end = 0;
  for (const { entry } of keyed) {
    const { type, name, id } = entry;
    end += tree.write(`${octal(type)} `, end, "latin1");
    tree.set(name, end);
    tree.set(id, end + name.length + 1);
    end += name.length + 1 + ID_LENGTH;
  }
  return tree;
}

function sortKey(entry: TreeEntry): Uint8Array {
  return entry.type === "tree" ? Buffer.concat([entry.name, Buffer.from("/")]) : entry.name;
}

/** Git writes `40000`, without the zero that it shows a tree's mode with. */
function octal(type: EntryType): string {
  return MODES[type].toString(8);
}

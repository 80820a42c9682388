import { type EntryType, MODES, type TreeEntry } from "../../guest/git/tree.ts";

/** Sorts entries as git does (byte by byte, a tree's name as if it ended in a slash) and encodes them as a tree object. */
export function encodeTree(entries: readonly TreeEntry[]): Uint8Array {
  const keyed = entries.map((entry) => ({ entry, key: sortKey(entry) }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  return Buffer.concat(
    keyed.flatMap(({ entry }) => [Buffer.from(`${octal(entry.type)} `), entry.name, Buffer.of(0), entry.id]),
  );
}

function sortKey(entry: TreeEntry): Uint8Array {
  return entry.type === "tree" ? Buffer.concat([entry.name, Buffer.from("/")]) : entry.name;
}

/** Git writes `40000`, without the zero that it shows a tree's mode with. */
function octal(type: EntryType): string {
  return MODES[type].toString(8);
}

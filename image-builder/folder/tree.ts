import { type EntryType, MODES } from "../../reader/git/tree.ts";

/**
 * Encodes entries, which must be in git's order, as a tree object.
 * @param names their bytes as Latin-1.
 * @param idLength bytes of an id.
 * @param copyId copies the raw id of the entry at an index to an offset of the tree.
 */
export function encodeTree(
  names: readonly string[],
  types: readonly EntryType[],
  idLength: number,
  copyId: (index: number, tree: Buffer, offset: number) => void,
): Buffer {
  let length = 0;
  for (const [index, name] of names.entries()) {
    length += octal(types[index] as EntryType).length + name.length + 2 + idLength;
  }
  const tree = Buffer.alloc(length);
  let end = 0;
  for (const [index, name] of names.entries()) {
    end += tree.write(`${octal(types[index] as EntryType)} ${name}\0`, end, "latin1");
    copyId(index, tree, end);
    end += idLength;
  }
  return tree;
}

const OCTAL = new Map(Object.entries(MODES).map(([type, mode]) => [type, mode.toString(8)]));

/** Git writes `40000`, without the zero that it shows a tree's mode with. */
function octal(type: EntryType): string {
  return OCTAL.get(type) as string;
}

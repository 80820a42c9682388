/** Entries of a tree by their number in it. */
export interface OrderedEntries {
  /** Those that are the first of their name, as the tree has them. */
  readonly kept: readonly number[];
  /** The others. */
  readonly hidden: readonly number[];
  /** Indexes in `kept`, in git's order: byte by byte, a tree's name as if it ended in a slash. */
  readonly order: Uint32Array;
}

/**
 * Sorts out a tree whose entries are out of order, or of which two have one name.
 * @param names in the tree's order, their bytes as Latin-1.
 */
export function putInOrder(names: readonly string[], isTree: (entry: number) => boolean): OrderedEntries {
  const firstOf = new Map<string, number>();
  names.forEach((name, entry) => {
    if (!firstOf.has(name)) firstOf.set(name, entry);
  });
  const hidden = names.flatMap((name, entry) => (firstOf.get(name) === entry ? [] : [entry]));
  const kept = [...firstOf.values()];
  const keys = kept.map((entry) => (isTree(entry) ? `${names[entry]}/` : (names[entry] as string)));
  const order = Uint32Array.from(keys.keys()).sort((a, b) => compare(keys[a] as string, keys[b] as string));
  return { kept, hidden, order };
}

/** Of the characters of Latin-1 the order is that of the bytes. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import { NumberList } from "../number-list.ts";

/** The share of names that two sibling folders must have in common to count as versions of one another. */
const ALIKE = 0.5;

/** What is in a folder; the same index stands for the same entry everywhere. */
export interface ListedFolder {
  /** Their bytes as Latin-1. */
  readonly names: readonly string[];
  /** Bytes of each file, and of each folder's tree. */
  readonly sizes: ArrayLike<number>;
  /** The number of each folder; 0, which is the top folder's, for a file. */
  readonly folders: ArrayLike<number>;
  /** What stands for each entry to the caller; `NO_ITEM` if it is not to be ordered. */
  readonly items: ArrayLike<number>;
}

/** Folders by their numbers. */
export interface Folders<Folder extends ListedFolder> {
  /** Reads a folder; of what it read before it need keep nothing. */
  folder(number: number): Folder;
}

export const NO_ITEM: number = 2 ** 32 - 1;

/** An entry of a folder in its place in the order. */
export interface OrderedEntry<Folder extends ListedFolder> {
  /** The number of the folder that it is in. */
  readonly number: number;
  readonly folder: Folder;
  /** Its index there. */
  readonly index: number;
}

/**
 * Orders files, or trees, so that similar ones are neighbours: folder by folder, within a folder by the
 * extension (`.html`), of these the largest first, as git does: in a delta, leaving bytes out costs less than
 * adding them.
 *
 * Sibling folders with mostly the same names in them, such as `1.0` and `1.1`, are versions of one another:
 * files with the same path in them are ordered as if they were in one folder.
 *
 * The order depends on nothing but the names and sizes. In memory are the folders that are ordered together
 * and the numbers of those that wait: a folder is read three times, which costs less than to keep it.
 */
export function* similarOrder<Folder extends ListedFolder>(
  folders: Folders<Folder>,
  what: "files" | "trees",
): Generator<OrderedEntry<Folder>> {
  // A stack, not recursion: folders may be deep. Of each group its folders, then how many they are.
  const groups = new NumberList();
  groups.push(0);
  groups.push(1);
  for (let count = groups.pop(); count !== undefined; count = groups.pop()) {
    const numbers = Array.from({ length: count }, () => groups.pop() as number).reverse();
    const group = numbers.map((number) => ({ number, folder: folders.folder(number) }));
    yield* sortedByKind(entries(group, what), count > 1);
    pushGroupsBelow(
      group.map(({ folder }) => folder),
      folders,
      groups,
    );
  }
}

function entries<Folder extends ListedFolder>(
  group: readonly { readonly number: number; readonly folder: Folder }[],
  what: "files" | "trees",
): OrderedEntry<Folder>[] {
  const found: OrderedEntry<Folder>[] = [];
  for (const { number, folder } of group) {
    for (let index = 0; index < folder.names.length; index++) {
      const isTree = folder.folders[index] !== 0;
      if (isTree !== (what === "trees") || folder.items[index] === NO_ITEM) continue;
      found.push({ number, folder, index });
    }
  }
  return found;
}

/** Pushes the folders in a group's folders, those together that have the same name or are alike. */
function pushGroupsBelow(
  group: readonly ListedFolder[],
  folders: Folders<ListedFolder>,
  groups: NumberList,
): void {
  const byName = new Map<string, number[]>();
  for (const { names, folders: below } of group) {
    for (const [index, name] of names.entries()) {
      const number = below[index] as number;
      if (number === 0) continue;
      const same = byName.get(name);
      if (same === undefined) byName.set(name, [number]);
      else same.push(number);
    }
  }
  const found: number[][] = [];
  const byLeast = new Map<number, number[]>();
  for (const numbers of byName.values()) {
    const { names } = folders.folder(numbers[0] as number);
    // Of two sets the least hash is the same as likely as their members are: few need to be compared.
    const least = leastHash(names);
    const candidate = byLeast.get(least);
    if (candidate !== undefined && share(folders.folder(candidate[0] as number).names, names) >= ALIKE) {
      candidate.push(...numbers);
    } else {
      byLeast.set(least, numbers);
      found.push(numbers);
    }
  }
  for (const numbers of found.reverse()) {
    for (const number of numbers) groups.push(number);
    groups.push(numbers.length);
  }
}

function leastHash(names: readonly string[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) least = Math.min(least, hash(name));
  return least;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** Names in both lists, of those in either (Jaccard). */
function share(a: readonly string[], b: readonly string[]): number {
  const inA = new Set(a);
  let common = 0;
  for (const name of b) if (inA.has(name)) common++;
  return common / (a.length + b.length - common);
}

/**
 * Sorts what is in the folders of a group. Those with the same name in several of them stay together, at the
 * position of the largest.
 */
function* sortedByKind<Entry extends OrderedEntry<ListedFolder>>(
  found: readonly Entry[],
  severalFolders: boolean,
): Generator<Entry> {
  const names = found.map(({ folder, index }) => folder.names[index] as string);
  const sizes = Float64Array.from(found, ({ folder, index }) => folder.sizes[index] as number);
  const sortSizes = severalFolders ? largestOfName(names, sizes) : sizes;
  const ends = rankedEndings(names);
  const order = Uint32Array.from(found.keys());
  order.sort(
    (a, b) =>
      (ends[a] as number) - (ends[b] as number) ||
      (sortSizes[b] as number) - (sortSizes[a] as number) ||
      (severalFolders ? compare(names[a] as string, names[b] as string) : 0) ||
      (sizes[b] as number) - (sizes[a] as number) ||
      a - b,
  );
  for (const index of order) yield found[index] as Entry;
}

/** For each entry the largest size of those that have its name. */
function largestOfName(names: readonly string[], sizes: Float64Array): Float64Array {
  const largest = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    largest.set(name, Math.max(sizes[index] as number, largest.get(name) ?? 0));
  }
  return Float64Array.from(names, (name) => largest.get(name) as number);
}

/** For each entry where the extension of its name comes among all of them. */
function rankedEndings(names: readonly string[]): Uint32Array {
  const endings = names.map(ending);
  const ranks = new Map([...new Set(endings)].sort(compare).map((text, rank) => [text, rank]));
  return Uint32Array.from(endings, (text) => ranks.get(text) as number);
}

function ending(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

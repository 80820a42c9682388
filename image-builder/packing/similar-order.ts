import { NumberList } from "../number-list.ts";
import { sortIndexes } from "../sort-indexes.ts";

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
export interface Folders {
  /** Reads a folder; of what it read before it need keep nothing. */
  folder(number: number): ListedFolder;
}

export const NO_ITEM: number = 2 ** 32 - 1;

/** An entry of a folder in its place in the order. */
export interface OrderedEntry {
  /** The number of the folder that it is in. */
  readonly folder: number;
  readonly name: string;
  readonly size: number;
  readonly item: number;
}

/**
 * Orders files, or trees, so that similar ones are neighbours: folder by folder, within a folder by the
 * extension (`.html`), of these the largest first, as git does: in a delta, leaving bytes out costs less than
 * adding them.
 *
 * Sibling folders with mostly the same names in them, such as `1.0` and `1.1`, are versions of one another:
 * files with the same path in them are ordered as if they were in one folder.
 *
 * The order depends on nothing but the names and sizes. In memory are what is ordered together, 24 bytes an
 * entry and each name once, and the numbers of the folders that wait: a folder is read several times, which
 * costs less than to keep it.
 */
export function* similarOrder(folders: Folders, what: "files" | "trees"): Generator<OrderedEntry> {
  // A stack, not recursion: folders may be deep. Of each group its folders, then how many they are.
  const groups = new NumberList();
  groups.push(0);
  groups.push(1);
  for (let count = groups.pop(); count !== undefined; count = groups.pop()) {
    const group = new Uint32Array(count);
    for (let at = count - 1; at >= 0; at--) group[at] = groups.pop() as number;
    yield* sortedByKind(folders, group, what);
    pushGroupsBelow(folders, group, groups);
  }
}

/** Pushes the folders in a group's folders, those together that have the same name or are alike. */
function pushGroupsBelow(folders: Folders, group: Uint32Array, groups: NumberList): void {
  const byName = new Map<string, number[]>();
  for (const member of group) {
    const { names, folders: below } = folders.folder(member);
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
      for (const number of numbers) candidate.push(number);
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

/** What is in the folders of a group. */
class Entries {
  /** Each name once. */
  readonly names: string[] = [];
  /** Of each entry: its folder, the index of its name, its size, its item. */
  readonly folders = new NumberList();
  readonly nameIndexes = new NumberList();
  readonly sizes = new NumberList(Float64Array);
  readonly items = new NumberList();

  constructor(folders: Folders, group: Uint32Array, what: "files" | "trees") {
    const indexes = group.length > 1 ? new Map<string, number>() : undefined;
    for (const number of group) {
      const folder = folders.folder(number);
      for (const [index, name] of folder.names.entries()) {
        const isTree = folder.folders[index] !== 0;
        const item = folder.items[index] as number;
        if (isTree !== (what === "trees") || item === NO_ITEM) continue;
        let nameIndex = indexes?.get(name);
        if (nameIndex === undefined) {
          nameIndex = this.names.push(name) - 1;
          indexes?.set(name, nameIndex);
        }
        this.folders.push(number);
        this.nameIndexes.push(nameIndex);
        this.sizes.push(folder.sizes[index] as number);
        this.items.push(item);
      }
    }
  }

  get count(): number {
    return this.items.length;
  }

  at(index: number): OrderedEntry {
    const name = this.names[this.nameIndexes.at(index)] as string;
    return {
      folder: this.folders.at(index),
      name,
      size: this.sizes.at(index),
      item: this.items.at(index),
    };
  }
}

/**
 * Sorts what is in the folders of a group. Those with the same name in several of them stay together, at the
 * position of the largest.
 */
function* sortedByKind(
  folders: Folders,
  group: Uint32Array,
  what: "files" | "trees",
): Generator<OrderedEntry> {
  const entries = new Entries(folders, group, what);
  const { names, nameIndexes, sizes } = entries;
  const ranks = rankedNames(names);
  const largest = new Float64Array(names.length);
  for (let entry = 0; entry < entries.count; entry++) {
    const name = nameIndexes.at(entry);
    largest[name] = Math.max(largest[name] as number, sizes.at(entry));
  }
  const compare = (a: number, b: number) => {
    const [nameA, nameB] = [nameIndexes.at(a), nameIndexes.at(b)];
    return (
      (ranks[nameA] as number) - (ranks[nameB] as number) ||
      (largest[nameB] as number) - (largest[nameA] as number) ||
      (group.length > 1 ? compareText(names[nameA] as string, names[nameB] as string) : 0) ||
      sizes.at(b) - sizes.at(a)
    );
  };
  for (const entry of sortIndexes(entries.count, compare)) yield entries.at(entry);
}

/** For each name where its extension comes among all of them. */
function rankedNames(names: readonly string[]): Uint32Array {
  const endings = [...new Set(names.map(ending))].sort(compareText);
  const ranks = new Map(endings.map((text, rank) => [text, rank]));
  return Uint32Array.from(names, (name) => ranks.get(ending(name)) as number);
}

function ending(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import type { PackObject } from "./pack-object.ts";

/** The share of names that two sibling folders must have in common to count as versions of one another. */
const ALIKE = 0.5;

interface Folder {
  readonly objects: PackObject[];
  readonly folders: Map<string, Folder>;
  /** The names of what is in it. */
  readonly names: Set<string>;
}

/**
 * Orders objects so that similar ones are neighbours: folder by folder, within a folder by the extension
 * (`.html`), of these the largest first, as git does: in a delta, leaving bytes out costs less than adding
 * them.
 *
 * Sibling folders with mostly the same names in them, such as `1.0` and `1.1`, are versions of one another:
 * files with the same path in them are ordered as if they were in one folder.
 *
 * The order depends on nothing but the objects and their order.
 */
export function similarOrder(objects: readonly PackObject[]): PackObject[] {
  const top = newFolder();
  for (const object of objects) {
    const names = object.path.split("/");
    const last = names.pop() as string;
    let folder = top;
    for (const name of names) folder = enter(folder, name);
    folder.names.add(last);
    folder.objects.push(object);
  }
  const ordered: PackObject[] = [];
  // A stack, not recursion: folders may be deep.
  const groups: Folder[][] = [[top]];
  for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
    const members = group.flatMap((each) => each.objects);
    for (const object of sortedByKind(members, group.length > 1)) ordered.push(object);
    groups.push(...groupsBelow(group).reverse());
  }
  return ordered;
}

function newFolder(): Folder {
  return { objects: [], folders: new Map(), names: new Set() };
}

function enter(folder: Folder, name: string): Folder {
  const found = folder.folders.get(name);
  if (found !== undefined) return found;
  const made = newFolder();
  folder.folders.set(name, made);
  folder.names.add(name);
  return made;
}

/** The folders in a group's folders, those together that have the same name or are alike. */
function groupsBelow(group: readonly Folder[]): Folder[][] {
  const byName = new Map<string, Folder[]>();
  for (const { folders } of group) {
    for (const [name, folder] of folders) {
      const same = byName.get(name);
      if (same === undefined) byName.set(name, [folder]);
      else same.push(folder);
    }
  }
  const groups: Folder[][] = [];
  const byLeast = new Map<string, Folder[]>();
  for (const folders of byName.values()) {
    const { names } = folders[0] as Folder;
    // Of two sets the least by a hash is the same as likely as their members are: few need to be compared.
    const least = leastByHash(names);
    const candidate = byLeast.get(least);
    if (candidate !== undefined && share((candidate[0] as Folder).names, names) >= ALIKE) {
      candidate.push(...folders);
    } else {
      const made = [...folders];
      byLeast.set(least, made);
      groups.push(made);
    }
  }
  return groups;
}

function leastByHash(names: ReadonlySet<string>): string {
  let least = "";
  let leastHash = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const hashed = hash(name);
    if (hashed < leastHash) {
      least = name;
      leastHash = hashed;
    }
  }
  return least;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** Members in both sets, of those in either (Jaccard). */
function share(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const name of a) if (b.has(name)) common++;
  return common / (a.size + b.size - common);
}

/**
 * Sorts the objects in the folders of a group. Those with the same name in several of them stay together, at
 * the position of the largest.
 */
function sortedByKind(objects: readonly PackObject[], severalFolders: boolean): PackObject[] {
  const keyed = objects.map((object) => {
    const name = object.path.slice(object.path.lastIndexOf("/") + 1);
    return { object, name, end: ending(name) };
  });
  const largest = new Map<string, number>();
  if (severalFolders) {
    for (const { object, name } of keyed) {
      largest.set(name, Math.max(object.size, largest.get(name) ?? 0));
    }
  }
  const size = ({ object, name }: (typeof keyed)[0]) => largest.get(name) ?? object.size;
  keyed.sort(
    (a, b) =>
      compare(a.end, b.end) ||
      size(b) - size(a) ||
      (severalFolders ? compare(a.name, b.name) : 0) ||
      b.object.size - a.object.size,
  );
  return keyed.map(({ object }) => object);
}

function ending(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

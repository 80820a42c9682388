import type { Stats } from "node:fs";
import { DocteurError } from "../../reader/errors.ts";
import { whyForbidden } from "../../reader/git/forbidden-name.ts";
import type { EntryType } from "../../reader/git/tree.ts";
import { EventLoopYield } from "../event-loop.ts";
import { NumberList } from "../number-list.ts";
import { shownPath } from "../shown-path.ts";
import { type FolderEntriesOptions, type FolderEntry, folderEntries } from "./folder-entries.ts";
import type { FolderContents, Listing } from "./listing.ts";

/** What a listing lacks. */
export interface LeftOut {
  /** Excluded files and folders; the content of an excluded folder is not counted. */
  readonly excluded: number;
  /** What is left out, and why; one line each. */
  readonly notes: readonly string[];
}

/**
 * Lists what is in a folder and below it: names as the bytes they are, the executable bit, symbolic links as
 * links. A `.git` is left out, as git has no way to keep one.
 * @throws {DocteurError} `FILE_UNSUPPORTED` for a FIFO, socket or device, and for a name that no image may
 * hold; as `folderEntries` does; the signal's reason when aborted.
 */
export async function listFolder(
  path: string,
  listing: Listing,
  options: FolderEntriesOptions,
  signal?: AbortSignal,
): Promise<LeftOut> {
  const top = Buffer.from(path);
  const eventLoop = new EventLoopYield(signal);
  const notes: string[] = [];
  let excluded = 0;
  const pending = new NumberList();
  pending.push(0);
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const names: string[] = [];
    const types: EntryType[] = [];
    const sizes: number[] = [];
    const full = Buffer.concat([top, Buffer.from(listing.path(folder), "latin1")]);
    for (const entry of folderEntries(full, top.length + 1, options)) {
      if (eventLoop.isDue) await eventLoop.yield();
      const { leftOut } = entry;
      if (leftOut === "excluded") excluded++;
      else if (leftOut !== undefined) notes.push(`${shownPath(entry.path)} is left out: ${leftOut}`);
      if (leftOut !== undefined) continue;
      const type = typeOf(entry);
      names.push(entry.name.toString("latin1"));
      types.push(type);
      sizes.push(type === "tree" ? 0 : entry.stats.size);
    }
    const first = listing.folders;
    listing.add(folder, inTreeOrder({ names, types, sizes }));
    for (let below = listing.folders - 1; below >= first; below--) pending.push(below);
  }
  return { excluded, notes };
}

function typeOf({ path, name, stats }: FolderEntry): EntryType {
  const forbidden = whyForbidden(name);
  if (forbidden !== undefined) throw unnameable(path, forbidden);
  if (stats.isDirectory()) return "tree";
  if (stats.isSymbolicLink()) return "symlink";
  if (!stats.isFile()) throw unsupported(path, stats);
  // Of the permissions git keeps one bit: may the owner execute it.
  return (stats.mode & 0o100) !== 0 ? "executable" : "file";
}

/** Sorts as git does: byte by byte, a tree's name as if it ended in a slash. */
export function inTreeOrder({ names, types, sizes }: FolderContents): FolderContents {
  const keys = names.map((name, index) => (types[index] === "tree" ? `${name}/` : name));
  const order = [...keys.keys()].sort((a, b) => ((keys[a] as string) < (keys[b] as string) ? -1 : 1));
  return {
    names: order.map((index) => names[index] as string),
    types: order.map((index) => types[index] as EntryType),
    sizes: order.map((index) => sizes[index] as number),
  };
}

function unnameable(path: Buffer, why: string): DocteurError {
  const remedy = "rename it, or leave it out with --exclude";
  return new DocteurError("FILE_UNSUPPORTED", `${shownPath(path)} cannot be in an image: ${why}; ${remedy}`);
}

function unsupported(path: Buffer, stats: Stats): DocteurError {
  const kinds: readonly (readonly [boolean, string])[] = [
    [stats.isFIFO(), "a FIFO"],
    [stats.isSocket(), "a socket"],
    [stats.isBlockDevice() || stats.isCharacterDevice(), "a device"],
  ];
  const kind = kinds.find(([is]) => is)?.[1] ?? "of an unknown kind";
  return new DocteurError("FILE_UNSUPPORTED", `${shownPath(path)} is ${kind}, which an image cannot hold`);
}

import { InvalidImageError } from "../errors.ts";
import { hex } from "../git/object-id.ts";
import { malformed } from "../layout/block-cursor.ts";
import { goToEntry } from "../layout/entry-search.ts";
import { FolderWalk } from "../layout/folder-walk.ts";
import { FrozenFolder } from "../layout/frozen-folder.ts";
import { LayoutCursor } from "../layout/layout-cursor.ts";
import { LayoutKey } from "../layout/layout-key.ts";
import type { LayoutSection } from "../layout/layout-section.ts";
import type { LeafCursor } from "../layout/leaf-cursor.ts";
import type { VerifiedFolder } from "../layout/verified-folder.ts";
import { VerifiedFolders } from "../layout/verified-folders.ts";
import { listingLimits } from "./descent.ts";
import type { Entry, FolderEntries, Layout, PathEntry } from "./layout.ts";
import { ListingCount } from "./listing-count.ts";
import { isFolderPath, joinPath, splitPath } from "./path.ts";
import { readTree, type Trees } from "./trees.ts";

/** How far a layout of the image is trusted. */
export interface FrozenOptions {
  /**
   * Whether each folder on a path is compared with its tree, once, before the path is believed. Without, the
   * layout is believed, as the commit that the image names is.
   */
  readonly isVerified: boolean;
  /** Called with where a tree lies that is read next. */
  readonly expect: (id: Uint8Array, offset: number | undefined) => void;
  /** Whether an error comes of reading it there, and it does not lie there. */
  readonly hasMisled: (error: unknown) => boolean;
}

/**
 * The layout that the image has in a section of its own: finds a path in a few blocks, however many there
 * are, and reads neither trees nor the IDX for it. Each method throws fault `layout` where a block is
 * damaged, or says what a tree does not.
 */
export class FrozenLayout implements Layout {
  readonly byteLength = 0;
  readonly #section: LayoutSection;
  readonly #trees: Trees;
  readonly #root: Entry;
  readonly #verifiedFolders: VerifiedFolders | undefined;
  readonly #cursor: LayoutCursor;
  readonly #key = new LayoutKey();
  readonly #expect: FrozenOptions["expect"];
  readonly #hasMisled: FrozenOptions["hasMisled"];

  /** @param trees reads those that folders are compared with. */
  constructor(section: LayoutSection, trees: Trees, { isVerified, expect, hasMisled }: FrozenOptions) {
    this.#expect = expect;
    this.#hasMisled = hasMisled;
    const { root, rootOffset } = section.details;
    this.#section = section;
    this.#trees = trees;
    this.#root = { type: "tree", id: root, offset: rootOffset };
    this.#verifiedFolders = isVerified ? new VerifiedFolders(section) : undefined;
    this.#cursor = new LayoutCursor(section);
  }

  find(path: Uint8Array): Entry | undefined {
    if (path.length === 0) return this.#root;
    if (this.#verifiedFolders !== undefined) return this.#findVerified(path);
    const key = this.#key;
    return key.setPath(path) && goToEntry(this.#cursor, key) ? entryOf(this.#cursor.entry) : undefined;
  }

  findIn({ type }: Entry, _name: Uint8Array, path: Uint8Array): Entry | undefined {
    return type === "tree" ? this.find(path) : undefined;
  }

  list(folder: Entry, path: Uint8Array): FolderEntries | undefined {
    const key = folderKey(path);
    const verified = this.#verify(folder, key);
    if (verified === undefined) return FrozenFolder.open(this.#section, key);
    // The tree has its own order.
    return verified.isInOrder ? FrozenFolder.ofVerified(this.#section, verified, key) : undefined;
  }

  /** @throws {DocteurError} `LISTING_TOO_LARGE`, as `TreeWalk.startingWith`. */
  *startingWith(prefix: Uint8Array): Generator<PathEntry> {
    const slash = prefix.lastIndexOf(SLASH);
    const folder = prefix.subarray(0, Math.max(0, slash));
    const top = isFolderPath(prefix.subarray(0, slash + 1)) ? this.find(folder) : undefined;
    if (top?.type !== "tree") return;
    const count = new ListingCount(listingLimits(this.#trees.objects));
    const levels = [this.#enter(top, folder, prefix.subarray(slash + 1))];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const entry = level.next();
      if (entry === undefined) {
        levels.pop();
        continue;
      }
      const found = entryOf(entry);
      const { path, name } = level;
      const child = path.length === 0 ? name.slice() : joinPath(path, name);
      count.add(child.length);
      if (found.type === "tree") levels.push(this.#enter(found, child, NOTHING));
      else yield { ...found, path: child };
    }
  }

  #enter(folder: Entry, path: Uint8Array, start: Uint8Array): FolderWalk {
    const key = folderKey(path);
    return new FolderWalk(this.#section, path, key, start, this.#verify(folder, key));
  }

  /** Goes down from the root, and believes of a folder what is verified. */
  #findVerified(path: Uint8Array): Entry | undefined {
    const key = this.#key;
    let entry = this.#root;
    let length = 0;
    for (const name of splitPath(path)) {
      if (entry.type !== "tree") return undefined;
      setFolder(key, path.subarray(0, length));
      const folder = this.#verify(entry, key, () => this.#trees.checkLookup()) as VerifiedFolder;
      if (!key.add(name)) return undefined;
      if (!folder.find(this.#cursor, key.bytes, key.length)) {
        key.toFolderEntry();
        if (!folder.find(this.#cursor, key.bytes, key.length)) return undefined;
      }
      entry = entryOf(this.#cursor.entry);
      length += (length === 0 ? 0 : 1) + name.length;
    }
    return entry;
  }

  #verify({ id, offset }: Entry, folder: LayoutKey, beforeReading?: () => void) {
    return this.#verifiedFolders?.verify(folder, () => {
      beforeReading?.();
      this.#expect(id, offset);
      try {
        return readTree(this.#trees.objects, id);
      } catch (error) {
        if (!this.#hasMisled(error)) throw error;
        throw new InvalidImageError("layout", "a tree is not where it says", { object: hex(id) });
      }
    });
  }
}

const SLASH = 0x2f;
const NOTHING = new Uint8Array();

/** What the keys of the entries of a folder of the layout begin with. */
function folderKey(path: Uint8Array): LayoutKey {
  const key = new LayoutKey();
  setFolder(key, path);
  return key;
}

/** @throws {InvalidImageError} fault `layout`: a layout that has this folder has a path that is too long. */
function setFolder(key: LayoutKey, path: Uint8Array): void {
  if (!key.setFolder(path)) throw malformed();
}

/** The present entry, in memory of its own. */
function entryOf(entry: LeafCursor): Entry {
  const { type } = entry;
  return { type, id: Uint8Array.from(entry.id), offset: type === "gitlink" ? undefined : entry.offset };
}

import { entryName } from "../layout/entry-name.ts";
import { goToEntry } from "../layout/entry-search.ts";
import { FrozenFolder } from "../layout/frozen-folder.ts";
import { LayoutCursor } from "../layout/layout-cursor.ts";
import { LayoutKey } from "../layout/layout-key.ts";
import type { LayoutSection } from "../layout/layout-section.ts";
import type { LeafCursor } from "../layout/leaf-cursor.ts";
import { VerifiedFolders } from "../layout/verified-folders.ts";
import type { Entry, FolderEntries, Layout, PathEntry } from "./layout.ts";
import { joinPath, splitPath } from "./path.ts";
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

  /** @param trees to verify. */
  constructor(section: LayoutSection, trees: Trees, { isVerified, expect }: FrozenOptions) {
    this.#expect = expect;
    const { root, rootOffset } = section.details;
    this.#section = section;
    this.#trees = trees;
    this.#root = { type: "tree", id: root, offset: rootOffset };
    this.#verifiedFolders = isVerified ? new VerifiedFolders(section) : undefined;
    this.#cursor = new LayoutCursor(section);
  }

  find(path: Uint8Array): Entry | undefined {
    if (path.length === 0) return this.#root;
    if (this.#verifiedFolders !== undefined) return this.#findVerified(this.#verifiedFolders, path);
    const key = this.#key;
    return key.setPath(path) && goToEntry(this.#cursor, key) ? entryOf(this.#cursor.entry) : undefined;
  }

  findIn({ type }: Entry, _name: Uint8Array, path: Uint8Array): Entry | undefined {
    return type === "tree" ? this.find(path) : undefined;
  }

  list(folder: Entry, path: Uint8Array): FolderEntries | undefined {
    const key = new LayoutKey();
    if (!key.setFolder(path)) return undefined;
    this.#verify(folder, key);
    return FrozenFolder.open(this.#section, key);
  }

  *startingWith(prefix: Uint8Array): Generator<PathEntry> {
    const slash = prefix.lastIndexOf(SLASH);
    const path = prefix.subarray(0, Math.max(0, slash));
    const folder = this.find(path);
    if (folder?.type === "tree") yield* this.#below(folder, path, prefix.subarray(slash + 1));
  }

  /**
   * What is below a folder, of its own entries those whose name starts with these bytes. Each folder on the
   * way down has a cursor; keys are too short for many.
   */
  *#below(folder: Entry, path: Uint8Array, start: Uint8Array): Generator<PathEntry> {
    const key = new LayoutKey();
    if (!key.setFolder(path)) return;
    this.#verify(folder, key);
    const folderKey = key.bytes.slice(0, key.length);
    if (start.length > 0 && !key.add(start)) return;
    const cursor = new LayoutCursor(this.#section);
    const { entry } = cursor;
    let isThere = cursor.seek(key.bytes, key.length) >= 0;
    for (; isThere && entry.startsWith(key.bytes, key.length); isThere = cursor.next()) {
      if (entry.isDisorderMark) continue;
      const found = entryOf(entry);
      const name = entryName(entry, folderKey);
      const child = path.length === 0 ? name.slice() : joinPath(path, name);
      if (found.type === "tree") yield* this.#below(found, child, NOTHING);
      else yield { ...found, path: child };
    }
  }

  /** Goes down from the root, and believes of a folder what is verified. */
  #findVerified(verified: VerifiedFolders, path: Uint8Array): Entry | undefined {
    const key = this.#key;
    let entry = this.#root;
    let length = 0;
    for (const name of splitPath(path)) {
      if (entry.type !== "tree" || !key.setFolder(path.subarray(0, length))) return undefined;
      const folder = this.#verify(entry, key, () => this.#trees.checkLookup());
      if (folder === undefined || !key.add(name)) return undefined;
      if (!verified.find(this.#cursor, folder, key)) {
        key.toFolderEntry();
        if (!verified.find(this.#cursor, folder, key)) return undefined;
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
      return readTree(this.#trees.objects, id);
    });
  }
}

const SLASH = 0x2f;
const NOTHING = new Uint8Array();

/** The present entry, in memory of its own. */
function entryOf(entry: LeafCursor): Entry {
  const { type } = entry;
  return { type, id: Uint8Array.from(entry.id), offset: type === "gitlink" ? undefined : entry.offset };
}

import { boundsOf, LISTED_PER_OBJECT, MOST_HELD } from "../../reader/bounds.ts";
import type { Tree } from "../../reader/git/tree.ts";
import type { LayoutDetails } from "../../reader/layout/details.ts";
import { LONGEST_KEY, type ObjectLocation } from "../../reader/layout/format.ts";
import { endFolderKey, KEY_OVERHEAD } from "../../reader/layout/keys.ts";
import { type LayoutShape, LayoutWriter } from "../../reader/layout/layout-writer.ts";

/** What a layout is built from. */
export interface LayoutSource {
  /** Raw id of the root tree. */
  readonly root: Uint8Array;
  readonly idLength: number;
  /** Objects in the image. */
  readonly objects: number;
  readTree(id: Uint8Array): Tree;
  /** Where the object with this raw id lies, which the image has. */
  locate(id: Uint8Array): ObjectLocation;
}

/** A `LayoutSource`, and the commit that it is of. */
export interface LayoutOf extends LayoutSource {
  /** Raw id. */
  readonly commit: Uint8Array;
}

/** Why an image has no layout: one clause. */
export type NoLayout = string;

interface Level {
  readonly tree: Tree;
  next: number;
  /** Bytes of the folder's path. */
  readonly length: number;
}

const SLASH = 0x2f;

/**
 * The blocks of the layout of a commit, made on the way through all its paths, in the order of their keys.
 *
 * @returns its shape; or why there can be none: there is no path, one is too long for it, or few objects name
 * far more paths than an image of files has.
 * @throws what `source` throws.
 */
export function* layoutBlocks(source: LayoutSource): Generator<Uint8Array, LayoutShape | NoLayout> {
  const finished: Uint8Array[] = [];
  const writer = new LayoutWriter(source.idLength, (block) => finished.push(block));
  // As `listingLimits` has it for an image of any size.
  const most = boundsOf(0).listedEntries + LISTED_PER_OBJECT.entries * source.objects;
  const path = new LayoutPath();
  const levels: Level[] = [];
  let held = 0;
  let entries = 0;
  /** The tree of the folder whose path is in `path`, and whose entries are to be written. */
  let folder: Tree | undefined = source.readTree(source.root);
  while (folder !== undefined) {
    held += folder.byteLength;
    entries += folder.count;
    if (held > MOST_HELD) return "the folders above one path are too large";
    if (entries > most) return `there are more than ${most} paths`;
    const folderKey = path.startKeys();
    if (!folder.isInOrder) writer.addDisordered(path.key, folderKey);
    for (let index = 0; index < folder.count; index++) {
      const entry = folder.inOrder(index);
      const type = folder.type(entry);
      const length = path.endKey(folder.name(entry), type === "tree");
      if (length === undefined) return `a path is longer than ${LONGEST_PATH} bytes`;
      const id = folder.id(entry);
      writer.add(path.key, length, type, id, type === "gitlink" ? undefined : source.locate(id));
      if (finished.length > 0) yield* finished.splice(0);
    }
    levels.push({ tree: folder, next: 0, length: path.length });
    folder = undefined;
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      folder = nextFolder(level, path, source);
      if (folder !== undefined) break;
      held -= level.tree.byteLength;
      levels.pop();
    }
  }
  if (entries === 0) return "there are no paths";
  const shape = writer.finish();
  yield* finished;
  return shape;
}

/** What the footer says of the layout. */
export function detailsOf(source: LayoutOf, shape: LayoutShape): LayoutDetails {
  const { commit, root } = source;
  const [commitOffset, rootOffset] = [source.locate(commit).offset, source.locate(root).offset];
  return { ...shape, commit, commitOffset, root, rootOffset };
}

/** Goes to the next folder in a folder, if there is one, and reads its tree. */
function nextFolder(level: Level, path: LayoutPath, source: LayoutSource): Tree | undefined {
  const { tree } = level;
  while (level.next < tree.count) {
    const entry = tree.inOrder(level.next++);
    if (tree.type(entry) !== "tree") continue;
    path.goTo(level.length, tree.name(entry));
    return source.readTree(tree.id(entry));
  }
  return undefined;
}

/** The path of the folder whose entries are written, and their keys. */
class LayoutPath {
  readonly #path = new Uint8Array(LONGEST_KEY);
  /** Bytes of the path. */
  length = 0;
  readonly key = new Uint8Array(LONGEST_KEY);
  #start = 0;

  /** Goes to the folder of this name in the one whose path are the first `length` bytes. */
  goTo(length: number, name: Uint8Array): void {
    let end = length;
    if (end > 0) this.#path[end++] = SLASH;
    this.#path.set(name, end);
    this.length = end + name.length;
  }

  /** Writes what the keys of the folder's entries begin with. @returns its length. */
  startKeys(): number {
    this.key.set(this.#path.subarray(0, this.length));
    this.#start = endFolderKey(this.key, this.length);
    return this.#start;
  }

  /** Writes the rest of an entry's key. @returns the key's length; undefined if that is too long. */
  endKey(name: Uint8Array, isFolder: boolean): number | undefined {
    let end = this.#start + name.length;
    // The key has the NUL that the path has not.
    if (end - 1 > LONGEST_PATH) return undefined;
    this.key.set(name, this.#start);
    if (isFolder) this.key[end++] = SLASH;
    return end;
  }
}

/** Bytes of the longest path in a layout. */
const LONGEST_PATH = LONGEST_KEY - 2 * KEY_OVERHEAD;

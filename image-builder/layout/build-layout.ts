import { LISTED_PER_OBJECT, MOST_HELD } from "../../reader/bounds.ts";
import type { Tree } from "../../reader/git/tree.ts";
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

/** Why an image has no layout: one clause. */
export type NoLayout = string;

/** Entries that an image may have beside those that its objects allow: see `listingLimits`. */
const LISTED_ENTRIES = 16_000_000;

/** Entries between two calls of `onProgress`. */
const STRIDE = 4096;

interface Level {
  readonly tree: Tree;
  next: number;
  /** Bytes of the folder's path. */
  readonly length: number;
}

const SLASH = 0x2f;

/**
 * Goes through all paths of a commit, in the order of their keys, and writes the layout.
 *
 * @param write takes each block of the layout in order.
 * @param onProgress called every so often; what it throws ends the work.
 * @returns why there can be none, if a path is too long for it, or few objects name far more paths than an
 * image of files has.
 */
export function buildLayout(
  source: LayoutSource,
  write: (block: Uint8Array) => void,
  onProgress?: () => void,
): LayoutShape | NoLayout {
  const writer = new LayoutWriter(source.idLength, write);
  const most = LISTED_ENTRIES + LISTED_PER_OBJECT.entries * source.objects;
  const path = new Uint8Array(LONGEST_KEY + KEY_OVERHEAD);
  const key = new Uint8Array(2 * LONGEST_KEY);
  const levels: Level[] = [];
  let held = 0;
  let entries = 0;

  /** Writes the entries of a folder, whose path is in `path`. */
  const enter = (id: Uint8Array, length: number): NoLayout | undefined => {
    const tree = source.readTree(id);
    held += tree.byteLength;
    entries += tree.count;
    if (held > MOST_HELD) return "the folders above one path are too large";
    if (entries > most) return `there are more than ${most} paths`;
    key.set(path.subarray(0, length));
    const start = endFolderKey(key, length);
    if (!tree.isInOrder && start <= LONGEST_KEY) writer.addDisordered(key, start);
    for (let index = 0; index < tree.count; index++) {
      const entry = tree.inOrder(index);
      const name = tree.name(entry);
      const type = tree.type(entry);
      const isTree = type === "tree";
      let end = start + name.length;
      // A folder's path is the beginning of other keys.
      if (end + KEY_OVERHEAD > LONGEST_KEY)
        return `a path is longer than ${LONGEST_KEY - KEY_OVERHEAD} bytes`;
      key.set(name, start);
      if (isTree) key[end++] = SLASH;
      const named = tree.id(entry);
      writer.add(key, end, type, named, type === "gitlink" ? undefined : source.locate(named));
      if (index % STRIDE === STRIDE - 1) onProgress?.();
    }
    levels.push({ tree, next: 0, length });
    return undefined;
  };

  let refusal = enter(source.root, 0);
  for (let level = levels.at(-1); level !== undefined && refusal === undefined; level = levels.at(-1)) {
    const { tree } = level;
    if (level.next === tree.count) {
      held -= tree.byteLength;
      levels.pop();
      continue;
    }
    const entry = tree.inOrder(level.next++);
    if (tree.type(entry) !== "tree") continue;
    const start = level.length === 0 ? 0 : level.length + 1;
    if (start > 0) path[level.length] = SLASH;
    const name = tree.name(entry);
    path.set(name, start);
    onProgress?.();
    refusal = enter(tree.id(entry), start + name.length);
  }
  return refusal ?? writer.finish();
}

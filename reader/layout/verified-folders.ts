import { InvalidImageError } from "../errors.ts";
import { sameId } from "../git/object-id.ts";
import type { Tree } from "../git/tree.ts";
import { printableBytes } from "../printable.ts";
import { KEY_OVERHEAD } from "./keys.ts";
import { LayoutCursor } from "./layout-cursor.ts";
import type { LayoutKey } from "./layout-key.ts";
import type { LayoutSection } from "./layout-section.ts";

/** Where the entries of a folder lie that was compared with its tree; the last one included. */
export interface VerifiedFolder {
  readonly firstLeaf: number;
  readonly firstIndex: number;
  readonly lastLeaf: number;
  readonly lastIndex: number;
}

/** Folders that are remembered; beyond them all are verified anew. */
const MOST_VERIFIED = 100_000;

/**
 * Verifies what a layout says of folders by their trees, and remembers that: not the trees, but where the
 * entries lie, and the hashes of those blocks. From then on an entry found there is as good as one found in
 * the tree.
 */
export class VerifiedFolders {
  readonly #section: LayoutSection;
  readonly #cursor: LayoutCursor;
  readonly #verified = new Map<string, VerifiedFolder | undefined>();

  constructor(section: LayoutSection) {
    this.#section = section;
    this.#cursor = new LayoutCursor(section);
  }

  /**
   * Verifies a folder; undefined if it is empty.
   *
   * @param folder what the keys of its entries begin with.
   * @param readTree is called if the folder is not verified yet: its tree, whose id is verified to be that of the
   * folder.
   * @throws {InvalidImageError} fault `layout`, if the layout says anything else than the tree.
   */
  verify(folder: LayoutKey, readTree: () => Tree): VerifiedFolder | undefined {
    const name = latin1(folder.bytes.subarray(0, folder.length));
    if (this.#verified.has(name)) return this.#verified.get(name);
    const verified = this.#compare(readTree(), folder);
    if (this.#verified.size >= MOST_VERIFIED) this.#verified.clear();
    this.#verified.set(name, verified);
    return verified;
  }

  /**
   * Goes to the entry with this key in a verified folder.
   * @returns whether there is one. @throws {InvalidImageError} fault `layout`.
   */
  find(
    cursor: LayoutCursor,
    { firstLeaf, firstIndex, lastLeaf, lastIndex }: VerifiedFolder,
    key: LayoutKey,
  ): boolean {
    const isIn = () => {
      const { leaf, entry } = cursor;
      const isAfter = leaf > firstLeaf || (leaf === firstLeaf && entry.index >= firstIndex);
      return isAfter && (leaf < lastLeaf || (leaf === lastLeaf && entry.index <= lastIndex));
    };
    if (firstLeaf === lastLeaf) cursor.goToLeaf(firstLeaf);
    const isSmall = firstLeaf === lastLeaf;
    const difference = isSmall
      ? cursor.entry.seek(key.bytes, key.length)
      : cursor.seek(key.bytes, key.length);
    if (difference === 0 && isIn()) return true;
    // That the levels above the leaves are true is not verified: look where the folder's entries are.
    let [low, high] = [firstLeaf, lastLeaf];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      cursor.goToLeaf(middle);
      if (cursor.entry.compare(key.bytes, key.length) <= 0) low = middle;
      else high = middle - 1;
    }
    cursor.goToLeaf(low);
    if (low === firstLeaf) cursor.entry.goTo(firstIndex);
    do {
      const difference = cursor.entry.compare(key.bytes, key.length);
      if (difference >= 0) return difference === 0 && isIn();
    } while (isIn() && cursor.entry.next());
    return false;
  }

  /** Compares the layout's entries of a folder with those of its tree. */
  #compare(tree: Tree, folder: LayoutKey): VerifiedFolder | undefined {
    const cursor = this.#cursor;
    const { entry } = cursor;
    let difference = cursor.seek(folder.bytes, folder.length);
    if (!tree.isInOrder) {
      if (difference !== 0 || !entry.isDisorderMark) throw this.#lie(folder);
      if (tree.count > 0 && !cursor.next()) throw this.#lie(folder);
    }
    if (tree.count === 0) return undefined;
    let first: Pick<VerifiedFolder, "firstLeaf" | "firstIndex"> | undefined;
    for (let index = 0; index < tree.count; index++) {
      if (index > 0) difference = cursor.next() ? 1 : -1;
      if (difference < 0) throw this.#lie(folder);
      first ??= { firstLeaf: cursor.leaf, firstIndex: entry.index };
      if (entry.index === 0 || index === 0) this.#section.blocks.verify(cursor.leaf, entry.block);
      this.#check(tree, tree.inOrder(index), folder);
    }
    return { ...(first as NonNullable<typeof first>), lastLeaf: cursor.leaf, lastIndex: entry.index };
  }

  #check(tree: Tree, index: number, folder: LayoutKey): void {
    const { entry } = this.#cursor;
    const { key, keyLength } = entry;
    const type = tree.type(index);
    const name = tree.name(index);
    const end = folder.length + name.length;
    const isSame =
      !entry.isDisorderMark &&
      entry.type === type &&
      keyLength === end + (type === "tree" ? 1 : 0) &&
      (type !== "tree" || key[end] === SLASH) &&
      entry.startsWith(folder.bytes, folder.length) &&
      hasAt(key, folder.length, name) &&
      sameId(entry.id, tree.id(index));
    if (!isSame) throw this.#lie(folder);
  }

  #lie({ bytes, length }: LayoutKey): InvalidImageError {
    const path = printableBytes(bytes.subarray(0, Math.max(0, length - KEY_OVERHEAD)));
    return new InvalidImageError("layout", `the layout says of the folder /${path} what its tree does not`);
  }
}

const SLASH = 0x2f;

function hasAt(bytes: Uint8Array, start: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[start + i] !== part[i]) return false;
  return true;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

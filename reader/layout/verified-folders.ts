import { InvalidImageError } from "../errors.ts";
import { sameId } from "../git/object-id.ts";
import type { Tree } from "../git/tree.ts";
import { printableBytes } from "../printable.ts";
import { LONGEST_KEY } from "./format.ts";
import { KEY_OVERHEAD } from "./keys.ts";
import { LayoutCursor } from "./layout-cursor.ts";
import type { LayoutKey } from "./layout-key.ts";
import type { LayoutSection } from "./layout-section.ts";
import { VerifiedFolder } from "./verified-folder.ts";

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
  readonly #verified = new Map<string, VerifiedFolder>();

  constructor(section: LayoutSection) {
    this.#section = section;
    this.#cursor = new LayoutCursor(section);
  }

  /**
   * Verifies a folder.
   *
   * @param folder what the keys of its entries begin with.
   * @param readTree is called if the folder is not verified yet: its tree, whose id is verified to be that of the
   * folder.
   * @throws {InvalidImageError} fault `layout`, if the layout says anything else than the tree.
   */
  verify(folder: LayoutKey, readTree: () => Tree): VerifiedFolder {
    const name = latin1(folder.bytes.subarray(0, folder.length));
    const known = this.#verified.get(name);
    if (known !== undefined) return known;
    const verified = this.#compare(readTree(), folder);
    if (this.#verified.size >= MOST_VERIFIED) this.#verified.clear();
    this.#verified.set(name, verified);
    return verified;
  }

  /** Compares the layout's entries of a folder with those of its tree. */
  #compare(tree: Tree, folder: LayoutKey): VerifiedFolder {
    const cursor = this.#cursor;
    const { entry } = cursor;
    let difference = cursor.seek(folder.bytes, folder.length);
    if (!tree.isInOrder) {
      if (difference !== 0 || !entry.isDisorderMark) throw this.#lie(folder);
      if (!cursor.next()) throw this.#lie(folder);
    }
    if (tree.count === 0) return EMPTY;
    const starts: number[] = [];
    const [firstLeaf, firstIndex] = [cursor.leaf, entry.index];
    for (let index = 0; index < tree.count; index++) {
      if (index > 0) difference = cursor.next() ? 1 : -1;
      if (difference < 0) throw this.#lie(folder);
      if (entry.index === 0 || index === 0) {
        this.#section.blocks.verify(cursor.leaf, entry.block);
        starts.push(index);
      }
      this.#check(tree, tree.inOrder(index), folder);
    }
    return new VerifiedFolder(tree.isInOrder, tree.count, firstLeaf, firstIndex, starts);
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
      // A longer one is in no layout, and would not be looked up.
      end + KEY_OVERHEAD <= LONGEST_KEY &&
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

const EMPTY = new VerifiedFolder(true, 0, 0, 0, []);

function hasAt(bytes: Uint8Array, start: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[start + i] !== part[i]) return false;
  return true;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

import { LISTED_PER_OBJECT, MOST_HELD } from "../bounds.ts";
import { DocteurError } from "../errors.ts";
import type { EntryType, Tree } from "../git/tree.ts";
import type { Objects } from "../pack/objects.ts";
import { MAX_KEY_LENGTH } from "./art-nodes.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { ListingCount } from "./listing-count.ts";
import { TREE_OVERHEAD, type Trees } from "./trees.ts";

/** The limits of a descent; it fails beyond them. Default: none. */
export interface DescentLimits {
  /** Bytes of the trees between the start and the present entry. */
  readonly held?: number;
  /** Entries in all. */
  readonly entries?: number;
  /** Bytes of all their paths. */
  readonly pathBytes?: number;
}

/**
 * The limits of a listing: few objects can name any number of paths.
 * @param weight how many entries one counts for. Default 1.
 */
export function listingLimits({ count, bounds }: Objects, weight = 1): Required<DescentLimits> {
  return {
    held: MOST_HELD,
    entries: Math.floor((bounds.listedEntries + LISTED_PER_OBJECT.entries * count) / weight),
    pathBytes: Math.floor((bounds.listedBytes + LISTED_PER_OBJECT.bytes * count) / weight),
  };
}

/**
 * The order of the entries of a tree: as stored, or git's, which differs only in trees that an odd program
 * wrote.
 */
export type DescentOrder = "stored" | "git";

interface Level {
  readonly tree: Tree;
  next: number;
  /** Bytes of the folder's path. */
  readonly length: number;
}

const SLASH = 0x2f;

/**
 * Goes through everything below a folder, an entry at a time; a folder comes before its entries. In git's
 * order that is the byte order of the paths. Keeps the trees between the start and the present entry, and one
 * path.
 */
export class Descent {
  readonly #trees: Trees;
  readonly #order: DescentOrder;
  readonly #mostHeld: number;
  readonly #count: ListingCount;
  readonly #path = new GrowingBytes();
  readonly #levels: Level[] = [];
  #held = 0;
  /** The tree in which the present entry is, and its index there. */
  tree!: Tree;
  entry = 0;
  type: EntryType = "tree";
  /** Bytes of the present entry's path, and where in it its name begins. */
  #length = 0;
  #nameStart = 0;
  #enters = false;

  /**
   * @param id raw id of the folder's tree.
   * @param path that paths begin with, without a slash at its end.
   */
  constructor(
    trees: Trees,
    id: Uint8Array,
    path: Uint8Array,
    limits: DescentLimits = {},
    order: DescentOrder = "stored",
  ) {
    const { held = Infinity, entries = Infinity, pathBytes = Infinity } = limits;
    this.#trees = trees;
    this.#order = order;
    this.#mostHeld = held;
    this.#count = new ListingCount({ entries, pathBytes });
    this.#path.write(0, path);
    this.#enter(id, path.length);
  }

  /** Raw id of what the present entry names, a view. */
  get id(): Uint8Array {
    return this.tree.id(this.entry);
  }

  /** The present entry's name, a view. */
  get name(): Uint8Array {
    return this.tree.name(this.entry);
  }

  /** The present entry's path, a view that is valid until the next step. */
  get path(): Uint8Array {
    return this.#path.upTo(this.#length);
  }

  /** The path of its folder, likewise. */
  get folder(): Uint8Array {
    return this.#path.upTo(Math.max(0, this.#nameStart - 1));
  }

  /** Bytes of a file or of a link's target, read from headers without inflating it; 0 for a folder. */
  get size(): number {
    if (this.type === "tree" || this.type === "gitlink") return 0;
    return this.#trees.objects.describe(this.id, "blob").size;
  }

  /** Folders between the start and the present entry. */
  get depth(): number {
    return this.#levels.length - 1;
  }

  /**
   * Goes to the next entry.
   * @returns false if there is none.
   * @throws {DocteurError} `LAYOUT_TOO_LARGE`, `LISTING_TOO_LARGE`, beyond a limit. @throws
   * {InvalidImageError}
   */
  next(): boolean {
    if (this.#enters) this.#enter(this.id, this.#length);
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      if (level.next < level.tree.count) {
        this.#goTo(level);
        return true;
      }
      this.#held -= level.tree.byteLength + TREE_OVERHEAD;
      this.#levels.pop();
    }
    return false;
  }

  /** Skips the entries of the folder that is the present entry. */
  skip(): void {
    this.#enters = false;
  }

  #goTo(level: Level): void {
    this.tree = level.tree;
    this.entry = this.#order === "git" ? this.tree.inOrder(level.next++) : level.next++;
    this.type = this.tree.type(this.entry);
    this.#enters = this.type === "tree";
    const { name } = this;
    this.#nameStart = level.length === 0 ? 0 : level.length + 1;
    this.#length = this.#nameStart + name.length;
    if (this.#length > MAX_KEY_LENGTH) throw tooLarge(`a path is longer than ${MAX_KEY_LENGTH} bytes`);
    if (level.length > 0) this.#path.set(level.length, SLASH);
    this.#path.write(this.#nameStart, name);
    this.#count.add(this.#length);
  }

  #enter(id: Uint8Array, length: number): void {
    const tree = this.#trees.read(id);
    this.#held += tree.byteLength + TREE_OVERHEAD;
    if (this.#held > this.#mostHeld) {
      throw tooLarge(`the folders above one path do not fit in ${this.#mostHeld} bytes`);
    }
    this.#levels.push({ tree, next: 0, length });
    this.#enters = false;
  }
}

function tooLarge(what: string): DocteurError {
  return new DocteurError("LAYOUT_TOO_LARGE", what);
}

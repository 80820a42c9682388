import { printable } from "../printable.ts";
import { isForbiddenName } from "./forbidden-name.ts";
import { TreeError } from "./tree-error.ts";
import { putInOrder } from "./tree-order.ts";

/**
 * What an entry of a tree is. `gitlink` is a submodule's commit, which the repository itself does not hold.
 */
export type EntryType = "file" | "executable" | "symlink" | "tree" | "gitlink";

/** An entry of a tree. */
export interface TreeEntry {
  readonly type: EntryType;
  /** The name's bytes; git says nothing of their encoding. */
  readonly name: Uint8Array;
  /** The raw id of what it names. */
  readonly id: Uint8Array;
}

/** The modes git writes, which are also the `st_mode` a file system shows. */
export const MODES: Readonly<Record<EntryType, number>> = {
  file: 0o100644,
  executable: 0o100755,
  symlink: 0o120000,
  tree: 0o040000,
  gitlink: 0o160000,
};

const SLASH = 0x2f;

/** How most entries begin. */
const USUAL_MODE = "100644 ";

/** An entry is kept as the offsets at which its name starts and ends; the type shares the first number. */
const TYPES: readonly EntryType[] = ["file", "executable", "symlink", "tree", "gitlink"];
const TYPE_BITS = 3;
const TYPE_MASK = (1 << TYPE_BITS) - 1;
const FILE = TYPES.indexOf("file");
const TREE = TYPES.indexOf("tree");

/** Bytes of the shortest entry beside its id: `0 a`, NUL. */
const SHORTEST_ENTRY = 4;

/**
 * Entries of a tree that are put in order; more would take seconds. No git has written such a tree for twenty
 * years.
 */
const MOST_DISORDERED = 2 ** 18;

/**
 * A tree object: entries of `octal mode SP name NUL raw id`. Nothing is taken apart before it is asked for;
 * an entry costs eight bytes beyond its own.
 *
 * It reads what git reads, trees of old and of other programs among them: any number for a mode; entries out
 * of git's order; and several of one name, of which the first counts, as in `git show COMMIT:PATH`. It
 * refuses names that git does not check out (`isForbiddenName`).
 */
export class Tree implements Iterable<TreeEntry> {
  /** Entries that count: the first of each name. */
  readonly count: number;
  /**
   * All entries. Those from `count` on have the name of one before them: no path leads to them, but git packs
   * what they name.
   */
  readonly total: number;
  readonly #bytes: Uint8Array;
  readonly #idLength: number;
  /** Two numbers an entry: the name's start and, in its low bits, the type; the name's end. */
  readonly #offsets: Uint32Array;
  /** The entries in git's order, if the tree has them in another. */
  readonly #order: Uint32Array | undefined;

  /**
   * @param bytes the content, less than 512 MiB; names and ids are views into it.
   * @param idLength bytes of an id in it.
   * @param object its id, for messages.
   * @throws {TreeError} fault `tree`.
   */
  constructor(bytes: Uint8Array, idLength: number, object?: string) {
    this.#bytes = bytes;
    this.#idLength = idLength;
    const offsets = new Uint32Array(2 * Math.ceil(bytes.length / (SHORTEST_ENTRY + idLength)));
    // As text, because a call that looks for a character or compares names takes a machine that has just
    // started a fraction of what a loop over bytes does: its code is interpreted, and its CPU emulated.
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const find = (character: string, start: number) => {
      const found = text.indexOf(character, start);
      return found < 0 ? text.length : found;
    };
    /** Names of entries other than trees that the name before starts with, the longest last. */
    const prefixes: string[] = [];
    /** The first slash and backslash that are not before the name. */
    let slash = -1;
    let backslash = -1;
    /** The name before, with what follows it in git's order. */
    let before = "";
    let count = 0;
    /** Whether the entries are in git's order, and no two have one name. */
    let isOrdered = true;
    for (let position = 0; position < text.length; count++) {
      const isUsual = text.startsWith(USUAL_MODE, position);
      const start = isUsual ? position + USUAL_MODE.length : find(" ", position) + 1;
      const end = find("\0", start);
      const type = isUsual ? FILE : typeOfMode(text.slice(position, start - 1));
      if (type === undefined) throw new TreeError("a tree entry has a malformed mode", object);
      if (end + 1 + idLength > text.length) throw new TreeError("a tree entry is cut short", object);
      const name = text.slice(start, end);
      if (slash < start) slash = find("/", start);
      if (backslash < start) backslash = find("\\", start);
      const suspicious = slash < end || backslash < end || mayBeForbidden(bytes[start] as number);
      if (suspicious && isForbiddenName(bytes.subarray(start, end))) {
        throw new TreeError(`a tree entry is named ${quote(name)}`, object, bytes.slice(start, end));
      }
      offsets[2 * count] = (start << TYPE_BITS) | type;
      offsets[2 * count + 1] = end;
      position = end + 1 + idLength;
      if (!isOrdered) continue;

      // Git's order compares names byte by byte as if a tree's name ended in a slash ("base_name_compare").
      const ordered = type === TREE ? `${name}/` : `${name}\0`;
      if (ordered <= before) isOrdered = false;
      before = ordered;
      while (prefixes.length > 0 && !name.startsWith(prefixes[prefixes.length - 1]!)) prefixes.pop();
      if (type !== TREE) prefixes.push(name);
      // The two need not be neighbours: `a`, `a-b`, `a/`.
      else if (prefixes[prefixes.length - 1] === name) isOrdered = false;
    }
    this.total = count;
    if (isOrdered) {
      this.count = count;
      this.#offsets = offsets;
      return;
    }
    if (count > MOST_DISORDERED) {
      const what = `its ${count} entries are out of order, or two have one name; at most ${MOST_DISORDERED} are put in order`;
      throw new TreeError(what, object);
    }
    const names = Array.from({ length: count }, (_, entry) =>
      text.slice((offsets[2 * entry] as number) >>> TYPE_BITS, offsets[2 * entry + 1]),
    );
    const isTree = (entry: number) => ((offsets[2 * entry] as number) & TYPE_MASK) === TREE;
    const { kept, hidden, order } = putInOrder(names, isTree);
    this.count = kept.length;
    this.#offsets = Uint32Array.from(
      [...kept, ...hidden].flatMap((entry) => [...offsets.subarray(2 * entry, 2 * entry + 2)]),
    );
    this.#order = order;
  }

  /**
   * Whether it has its entries in git's order, no two of one name; to put others in order takes ten times as
   * long.
   */
  get isInOrder(): boolean {
    return this.#order === undefined;
  }

  /** Bytes of memory it takes, its content included. */
  get byteLength(): number {
    return this.#bytes.byteLength + this.#offsets.byteLength + (this.#order?.byteLength ?? 0);
  }

  type(entry: number): EntryType {
    return TYPES[this.#type(entry)] as EntryType;
  }

  /** The name's bytes; git says nothing of their encoding. */
  name(entry: number): Uint8Array {
    return this.#bytes.subarray(this.#start(entry), this.#end(entry));
  }

  /** The raw id of what the entry names. */
  id(entry: number): Uint8Array {
    const end = this.#end(entry);
    return this.#bytes.subarray(end + 1, end + 1 + this.#idLength);
  }

  entry(entry: number): TreeEntry {
    return { type: this.type(entry), name: this.name(entry), id: this.id(entry) };
  }

  /**
   * The number of the entry that is `index`th in git's order, in which the paths of all that is below lie in
   * the order of their bytes.
   */
  inOrder(index: number): number {
    return this.#order === undefined ? index : (this.#order[index] as number);
  }

  /** The entries that count, in the tree's own order. */
  *[Symbol.iterator](): Generator<TreeEntry> {
    for (let entry = 0; entry < this.count; entry++) yield this.entry(entry);
  }

  /** The entry of a name. */
  find(name: Uint8Array): TreeEntry | undefined {
    if (name.includes(0) || name.includes(SLASH)) return undefined;
    // Where it lies depends on what it is.
    const entry = this.#search(name, 0) ?? this.#search(name, SLASH);
    return entry === undefined ? undefined : this.entry(entry);
  }

  /** Halves the range in which a name lies that git takes to be followed by `after`. */
  #search(name: Uint8Array, after: number): number | undefined {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.inOrder(middle);
      const difference = this.#compare(entry, name, after);
      if (difference === 0) return entry;
      if (difference < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  #compare(entry: number, name: Uint8Array, after: number): number {
    const start = this.#start(entry);
    const length = Math.min(this.#nameLength(entry), name.length);
    for (let i = 0; i < length; i++) {
      const difference = (this.#bytes[start + i] as number) - (name[i] as number);
      if (difference !== 0) return difference;
    }
    return this.#charAfter(entry, length) - (name[length] ?? after);
  }

  /** Git's order compares names byte by byte as if a tree's name ended in a slash ("base_name_compare"). */
  #charAfter(entry: number, length: number): number {
    if (length < this.#nameLength(entry)) return this.#bytes[this.#start(entry) + length] as number;
    return this.#type(entry) === TREE ? SLASH : 0;
  }

  #type(entry: number): number {
    return (this.#offsets[2 * entry] as number) & TYPE_MASK;
  }

  #start(entry: number): number {
    return (this.#offsets[2 * entry] as number) >>> TYPE_BITS;
  }

  #end(entry: number): number {
    return this.#offsets[2 * entry + 1] as number;
  }

  #nameLength(entry: number): number {
    return this.#end(entry) - this.#start(entry);
  }
}

/**
 * Whether a name that has no slash and no backslash and starts with this byte is worth a closer look: see
 * `isForbiddenName`.
 */
function mayBeForbidden(first: number): boolean {
  return first === 0 || first === 0x2e || (first | 0x20) === 0x67;
}

/**
 * The index in `TYPES` of what a mode stands for; undefined if it is not octal digits. As git has it
 * (`get_mode`, `canon_mode`): of the number 16 bits count, of the permissions the owner's execute bit, and
 * what is no file, link or tree is a submodule.
 */
function typeOfMode(digits: string): number | undefined {
  if (!/^[0-7]+$/.test(digits)) return undefined;
  const mode = Number.parseInt(digits.slice(-6), 8) & 0xffff;
  switch (mode & 0o170000) {
    case 0o100000:
      return TYPES.indexOf((mode & 0o100) !== 0 ? "executable" : "file");
    case 0o120000:
      return TYPES.indexOf("symlink");
    case 0o040000:
      return TREE;
    default:
      return TYPES.indexOf("gitlink");
  }
}

/** Bytes of a name that a message shows. */
const SHOWN = 100;

/** @param name its bytes as Latin-1. */
function quote(name: string): string {
  const shown = `"${printable(Buffer.from(name.slice(0, SHOWN), "latin1").toString("utf8"))}"`;
  return name.length > SHOWN ? `${shown}...` : shown;
}

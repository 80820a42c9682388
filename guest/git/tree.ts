import { InvalidImageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { isForbiddenName } from "./forbidden-name.ts";
import { ID_LENGTH } from "./object-id.ts";

/** What an entry of a tree is. `gitlink` is a submodule's commit, which the repository itself does not hold. */
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

const SPACE = 0x20;
const SLASH = 0x2f;

/**
 * Parses a tree object: entries of `octal mode SP name NUL raw id`, in git's order.
 *
 * It accepts what old versions of git wrote (a mode padded with zeroes, permissions other than 644 and 755) and refuses
 * what else `git fsck --strict` complains of: forbidden names, entries out of order, two entries of one name; and modes
 * that mean nothing. Ids and names are views into `bytes`.
 *
 * @throws {InvalidImageError} fault `tree`, naming the entry.
 */
export function parseTree(bytes: Uint8Array, object?: string): TreeEntry[] {
  const entries: TreeEntry[] = [];
  const files = new FileNames();
  const fail = (what: string) => new InvalidImageError("tree", what, { object });

  let position = 0;
  let previous: TreeEntry | undefined;
  while (position < bytes.length) {
    let mode = 0;
    const modeStart = position;
    while (bytes[position] !== SPACE) {
      const digit = (bytes[position] ?? 0) - 0x30;
      if (digit < 0 || digit > 7 || position - modeStart > 10)
        throw fail("a tree entry has a malformed mode");
      mode = mode * 8 + digit;
      position++;
    }
    const type = position === modeStart ? undefined : typeOfMode(mode);
    const nameStart = ++position;
    const nameEnd = bytes.indexOf(0, nameStart);
    if (nameEnd < 0 || nameEnd + 1 + ID_LENGTH > bytes.length) throw fail("a tree entry is cut short");
    const name = bytes.subarray(nameStart, nameEnd);
    if (type === undefined)
      throw fail(`${quote(name)} has mode ${mode.toString(8)}, which git does not know`);
    if (isForbiddenName(name)) throw fail(`a tree entry is named ${quote(name)}`);
    position = nameEnd + 1 + ID_LENGTH;
    const entry = { type, name, id: bytes.subarray(nameEnd + 1, position) };

    if (previous !== undefined && compareEntries(previous, entry) >= 0) {
      throw fail(`tree entries ${quote(previous.name)} and ${quote(name)} are out of order or the same`);
    }
    if (type !== "tree") files.add(name);
    else if (files.has(name)) throw fail(`two tree entries are named ${quote(name)}`);
    entries.push(entry);
    previous = entry;
  }
  return entries;
}

/**
 * Git's order compares names byte by byte as if a tree's name ended in a slash ("base_name_compare"). Negative when `a`
 * comes first, 0 when the two cannot both be in one tree.
 */
function compareEntries(a: TreeEntry, b: TreeEntry): number {
  const length = Math.min(a.name.length, b.name.length);
  for (let i = 0; i < length; i++) {
    const difference = (a.name[i] as number) - (b.name[i] as number);
    if (difference !== 0) return difference;
  }
  return endOf(a, length) - endOf(b, length);
}

function endOf(entry: TreeEntry, position: number): number {
  return entry.name[position] ?? (entry.type === "tree" ? SLASH : 0);
}

/**
 * A file `a` and a tree `a` need not be neighbours (`a`, `a-b`, `a/`), so a duplicate across types is not seen by
 * comparing neighbours. A later tree `a` clashes with a file that is a prefix of everything between them: it is enough to
 * remember the files that still are a prefix of the current name.
 */
class FileNames {
  #prefixes: Uint8Array[] = [];

  add(name: Uint8Array): void {
    this.#trim(name);
    this.#prefixes.push(name);
  }

  has(name: Uint8Array): boolean {
    this.#trim(name);
    return this.#prefixes.at(-1)?.length === name.length;
  }

  #trim(name: Uint8Array): void {
    while (this.#prefixes.length > 0 && !startsWith(name, this.#prefixes.at(-1) as Uint8Array))
      this.#prefixes.pop();
  }
}

function startsWith(name: Uint8Array, prefix: Uint8Array): boolean {
  if (prefix.length > name.length) return false;
  for (let i = 0; i < prefix.length; i++) if (name[i] !== prefix[i]) return false;
  return true;
}

/** As git's `canon_mode`: of the permissions only the owner's execute bit counts. */
function typeOfMode(mode: number): EntryType | undefined {
  switch (mode & 0o170000) {
    case 0o100000:
      return (mode & 0o100) !== 0 ? "executable" : "file";
    case 0o120000:
      return "symlink";
    case 0o040000:
      return "tree";
    case 0o160000:
      return "gitlink";
    default:
      return undefined;
  }
}

/** Bytes of a name that a message shows. */
const SHOWN = 100;

function quote(name: Uint8Array): string {
  const shown = `"${printable(Buffer.from(name.subarray(0, SHOWN)).toString("utf8"))}"`;
  return name.length > SHOWN ? `${shown}...` : shown;
}

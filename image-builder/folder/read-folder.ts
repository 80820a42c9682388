import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { DocteurError } from "../../guest/errors.ts";
import type { EntryType, TreeEntry } from "../../guest/git/tree.ts";
import type { OnProgress } from "../progress.ts";
import type { Exclusion } from "./exclusion.ts";
import { storeFile, unreadable } from "./read-file.ts";
import { shownPath } from "./shown-path.ts";
import type { Staging } from "./staging.ts";
import { encodeTree } from "./tree.ts";

/** Milliseconds of work after which signals and progress get their turn. */
const TURN = 50;

export interface ReadFolderOptions {
  /** True for what must not go into the image: the image itself. */
  readonly isOutput: (stats: Stats) => boolean;
  /** What else is left out. Default: nothing. */
  readonly excluded?: Exclusion | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was read. */
export interface FolderContent {
  /** Raw id of the root tree. */
  readonly root: Uint8Array;
  readonly files: number;
  /** Files and folders that were excluded; what is in an excluded folder is not counted. */
  readonly excluded: number;
  /** Bytes in all files together. */
  readonly bytes: number;
  /** Files that are pointers of Git LFS. */
  readonly lfsPointers: number;
  /** What was left out, and why; one line each. */
  readonly notes: readonly string[];
}

/**
 * Stores all that is in a folder as git objects: names as the bytes they are, contents unfiltered, the executable bit,
 * symbolic links as links, empty folders as empty trees. A `.git` is left out, as git has no way to keep one.
 * @throws {DocteurError} `FILE_UNSUPPORTED` for a FIFO, socket or device; `FILE_CHANGED`, `FILE_UNREADABLE`.
 */
export async function readFolder(
  path: string,
  staging: Staging,
  options: ReadFolderOptions,
): Promise<FolderContent> {
  const top = Buffer.from(path);
  const reader = new FolderReader(top.length + 1, staging, options);
  const root = await reader.read(top);
  options.onProgress?.({ phase: "read", unit: "files", done: reader.files, total: reader.files });
  const { files, bytes, lfsPointers, excluded, notes } = reader;
  return { root, files, bytes, lfsPointers, excluded, notes };
}

class FolderReader {
  files = 0;
  bytes = 0;
  lfsPointers = 0;
  excluded = 0;
  readonly notes: string[] = [];
  readonly #staging: Staging;
  readonly #options: ReadFolderOptions;
  /** Bytes of the path of the folder that is read, its slash among them. */
  readonly #top: number;
  #turnStarted = performance.now();

  constructor(top: number, staging: Staging, options: ReadFolderOptions) {
    this.#top = top;
    this.#staging = staging;
    this.#options = options;
  }

  /** Stores the folder at `path` and all below it. Gives its tree's raw id. */
  async read(path: Buffer): Promise<Uint8Array> {
    const entries: TreeEntry[] = [];
    for (const listed of list(path)) {
      const name = Buffer.from(listed, "latin1");
      if (performance.now() - this.#turnStarted > TURN) await this.#yield();
      const entry = await this.#entry(Buffer.concat([path, SLASH, name]), name);
      if (entry !== undefined) entries.push(entry);
    }
    return await this.#staging.add("tree", encodeTree(entries), this.#inside(path));
  }

  async #entry(path: Buffer, name: Buffer): Promise<TreeEntry | undefined> {
    if (this.#options.excluded?.(path.toString("utf8", this.#top))) {
      this.excluded++;
      return undefined;
    }
    const stats = lstat(path);
    if (isDotGit(name)) return this.#leaveOut(path, "Git keeps no .git inside a repository");
    if (this.#options.isOutput(stats)) return this.#leaveOut(path, "it is the image");
    if (stats.isDirectory()) return { type: "tree", name, id: await this.read(path) };
    if (stats.isSymbolicLink()) return this.#symlink(path, name);
    if (!stats.isFile()) throw unsupported(path, stats);
    const file = await storeFile(path, this.#inside(path), this.#staging, this.#options.signal);
    if (file.isPointer) this.lfsPointers++;
    // Of the permissions git keeps one bit: may the owner execute it.
    const type = (file.stats.mode & 0o100) !== 0 ? "executable" : "file";
    return this.#counted(type, name, file.id, file.stats.size);
  }

  async #symlink(path: Buffer, name: Buffer): Promise<TreeEntry> {
    const target = readLink(path);
    const id = await this.#staging.add("blob", target, this.#inside(path));
    return this.#counted("symlink", name, id, target.length);
  }

  #counted(type: EntryType, name: Buffer, id: Uint8Array, bytes: number): TreeEntry {
    this.files++;
    this.bytes += bytes;
    // A copy, which shares its memory with others: the id itself has some of its own, which is more than it needs.
    return { type, name, id: Buffer.from(id) };
  }

  /** The path from the folder that is read, its bytes as Latin-1. */
  #inside(path: Buffer): string {
    return path.toString("latin1", this.#top);
  }

  #leaveOut(path: Buffer, why: string): undefined {
    this.notes.push(`${shownPath(path)} is left out: ${why}`);
  }

  async #yield(): Promise<void> {
    this.#options.onProgress?.({ phase: "read", unit: "files", done: this.files, total: undefined });
    await setImmediate();
    this.#options.signal?.throwIfAborted();
    this.#turnStarted = performance.now();
  }
}

const SLASH = Buffer.from("/");

/** In any case, as git has it: on some file systems they are one name. */
function isDotGit(name: Buffer): boolean {
  return name.length === 4 && name.toString("latin1").toLowerCase() === ".git";
}

/** Names, their bytes as Latin-1, in an order that does not depend on the file system. */
function list(path: Buffer): string[] {
  try {
    return readdirSync(path, { encoding: "latin1" }).sort();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function lstat(path: Buffer): Stats {
  try {
    return lstatSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readLink(path: Buffer): Buffer {
  try {
    return readlinkSync(path, { encoding: "buffer" });
  } catch (error) {
    throw unreadable(path, error);
  }
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

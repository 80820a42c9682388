import { readlinkSync, type Stats } from "node:fs";
import { DocteurError } from "../../reader/errors.ts";
import { whyForbidden } from "../../reader/git/forbidden-name.ts";
import type { EntryType, TreeEntry } from "../../reader/git/tree.ts";
import { EventLoopYield } from "../event-loop.ts";
import type { OnProgress } from "../progress.ts";
import { shownPath } from "../shown-path.ts";
import { type FolderEntriesOptions, type FolderEntry, folderEntries } from "./folder-entries.ts";
import { measureFolder } from "./measure-folder.ts";
import { storeFile, unreadable } from "./read-file.ts";
import type { Staging } from "./staging.ts";
import { encodeTree } from "./tree.ts";

/** Between two reports, in milliseconds. */
const INTERVAL = 50;

export interface ReadFolderOptions extends FolderEntriesOptions {
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The content of a folder. */
export interface FolderContent {
  /** Raw id of the root tree. */
  readonly root: Uint8Array;
  readonly files: number;
  /** Excluded files and folders; the content of an excluded folder is not counted. */
  readonly excluded: number;
  /** Bytes in all files together. */
  readonly bytes: number;
  /** Files that are pointers of Git LFS. */
  readonly lfsPointers: number;
  /** What is left out, and why; one line each. */
  readonly notes: readonly string[];
}

/**
 * Stores all that is in a folder as git objects: names as the bytes they are, contents unfiltered, the
 * executable bit, symbolic links as links, empty folders as empty trees. A `.git` is left out, as git has no
 * way to keep one.
 * @throws {DocteurError} `FILE_UNSUPPORTED` for a FIFO, socket or device, and for a name that no image may
 * hold; `FILE_CHANGED`, `FILE_UNREADABLE`.
 */
export async function readFolder(
  path: string,
  staging: Staging,
  options: ReadFolderOptions,
): Promise<FolderContent> {
  const top = Buffer.from(path);
  const { onProgress, signal } = options;
  const total = onProgress === undefined ? 0 : await measureFolder(path, options, signal);
  const reader = new FolderReader(top.length + 1, staging, options, total);
  const root = await reader.read(top);
  const { files, bytes, lfsPointers, excluded, notes } = reader;
  onProgress?.({ phase: "read", unit: "bytes", files, done: bytes, total: bytes });
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
  /** Bytes to read, as measured before. */
  readonly #total: number;
  readonly #eventLoop: EventLoopYield;
  #reported = 0;

  constructor(top: number, staging: Staging, options: ReadFolderOptions, total: number) {
    this.#top = top;
    this.#staging = staging;
    this.#options = options;
    this.#total = total;
    this.#eventLoop = new EventLoopYield(options.signal);
  }

  /** Stores the folder at `path` and all below it. @returns its tree's raw id. */
  async read(path: Buffer): Promise<Uint8Array> {
    const entries: TreeEntry[] = [];
    for (const found of folderEntries(path, this.#top, this.#options)) {
      if (this.#eventLoop.isDue) {
        this.#report(this.bytes);
        await this.#eventLoop.yield();
      }
      const entry = await this.#entry(found);
      if (entry !== undefined) entries.push(entry);
    }
    return await this.#staging.add("tree", encodeTree(entries), this.#inside(path));
  }

  async #entry({ path, name, stats, leftOut }: FolderEntry): Promise<TreeEntry | undefined> {
    if (leftOut === "excluded") this.excluded++;
    else if (leftOut !== undefined) this.notes.push(`${shownPath(path)} is left out: ${leftOut}`);
    if (leftOut !== undefined) return undefined;
    const forbidden = whyForbidden(name);
    if (forbidden !== undefined) throw unnameable(path, forbidden);
    if (stats.isDirectory()) return { type: "tree", name, id: await this.read(path) };
    if (stats.isSymbolicLink()) return await this.#symlink(path, name);
    if (!stats.isFile()) throw unsupported(path, stats);
    const file = await storeFile(path, this.#inside(path), this.#staging, {
      onRead: (bytes) => this.#report(this.bytes + bytes),
      signal: this.#options.signal,
    });
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
    // A copy, which shares its memory with others: the id itself has some of its own, which is more than it
    // needs.
    return { type, name, id: Buffer.from(id) };
  }

  /** The path from the folder that is read, its bytes as Latin-1. */
  #inside(path: Buffer): string {
    return path.toString("latin1", this.#top);
  }

  #report(done: number): void {
    if (performance.now() - this.#reported < INTERVAL) return;
    this.#reported = performance.now();
    // Files may have grown since they were measured.
    const total = Math.max(done, this.#total);
    this.#options.onProgress?.({ phase: "read", unit: "bytes", files: this.files, done, total });
  }
}

function readLink(path: Buffer): Buffer {
  try {
    return readlinkSync(path, { encoding: "buffer" });
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unnameable(path: Buffer, why: string): DocteurError {
  const remedy = "rename it, or leave it out with --exclude";
  return new DocteurError("FILE_UNSUPPORTED", `${shownPath(path)} cannot be in an image: ${why}; ${remedy}`);
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

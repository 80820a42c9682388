import { openFileDevice } from "../reader/block/file.ts";
import { SectorCache } from "../reader/block/sector-cache.ts";
import { DocteurError } from "../reader/errors.ts";
import { parseCommit } from "../reader/git/commit.ts";
import { whyForbidden } from "../reader/git/forbidden-name.ts";
import { raw } from "../reader/git/object-id.ts";
import { Tree } from "../reader/git/tree.ts";
import { TreeError } from "../reader/git/tree-error.ts";
import { HEADER_SIZE } from "../reader/image/header.ts";
import { Idx } from "../reader/pack/idx.ts";
import { Objects } from "../reader/pack/objects.ts";
import { ObjectBuffer } from "../reader/pack/output-buffer.ts";
import { Pack } from "../reader/pack/pack.ts";
import { EventLoopYield } from "./event-loop.ts";
import type { HiddenEntries } from "./hidden-entries.ts";
import { isPointer, mayBePointer } from "./lfs-pointer.ts";
import type { Survey } from "./source/survey.ts";
import { newTally, sumUp, type Tally, type TreeTally } from "./source/tally.ts";
import { shownTreePath, type TreePath } from "./tree-path.ts";

/** A folder that is yet to be read. */
interface Folder extends TreePath {
  readonly id: Uint8Array;
}

/** A PACK in an image that has no IDX yet. */
export interface UnfinishedImage {
  /** The file of the image. */
  readonly image: string;
  /** Bytes of the PACK, its trailer included. */
  readonly packBytes: number;
  /** A file with the IDX. */
  readonly idx: string;
}

/** What `checkReadable` finds in a commit. */
export interface ReadCommit {
  readonly survey: Survey;
  readonly hidden: HiddenEntries;
  /** Whether a file that is a delta, or the base of one, is larger than `serve` reads into memory. */
  readonly hasLargeDelta: boolean;
}

/** Bytes of the largest file that `serve` reads into memory if it is a delta or the base of one. */
const LARGEST_DELTA = 64 * 1024 * 1024;

/** Paths of hidden entries that a note shows. */
const SHOWN = 8;

/**
 * Bounds on the list of submodules, in paths and in characters: a few trees may name more than fits in
 * memory.
 */
const MOST_PATHS = 10_000;
const MOST_CHARACTERS = 4_000_000;

/** The first byte of a pointer of Git LFS. */
const LETTER_V = 0x76;

/** Milliseconds between two yields: the image is written meanwhile, a chunk at each. */
const YIELD_INTERVAL = 1;

/**
 * Reads the commit and every tree of a new PACK, each tree once, with the reader's own code, and looks up
 * each blob that they name: what the reader refuses must not become an image. Memory is proportional to the
 * number of trees and of small blobs.
 *
 * @param where the source, for messages.
 * @throws {DocteurError} `UNREADABLE_COMMIT`: the path of what the reader refuses, why, and what to do; the
 * signal's reason when aborted.
 */
export async function checkReadable(
  { image, packBytes, idx }: UnfinishedImage,
  commit: string,
  where: string,
  signal?: AbortSignal,
): Promise<ReadCommit> {
  const [imageDevice, idxDevice] = [openFileDevice(image), openFileDevice(idx)];
  try {
    const index = new Idx(new SectorCache(idxDevice), 0, packBytes);
    const cache = new SectorCache(imageDevice);
    const pack = new Pack(cache, HEADER_SIZE, HEADER_SIZE + packBytes, (base) => index.find(base));
    return await new Check(new Objects(index, pack), pack, where).run(
      commit,
      new EventLoopYield(signal, YIELD_INTERVAL),
    );
  } finally {
    imageDevice.close();
    idxDevice.close();
  }
}

/** Memory for one small blob after the other. */
class ReusedBuffer extends ObjectBuffer {
  protected override allocate(size: number): number {
    if (size > this.memory.length) this.memory = Buffer.allocUnsafeSlow(Math.max(size, 4096));
    return 0;
  }
}

class Check {
  readonly #objects: Objects;
  readonly #pack: Pack;
  readonly #where: string;
  readonly #pending: Folder[] = [];
  /** Indexes of trees in `#tallies`, by their raw ids, bytes as Latin-1. */
  readonly #indexes = new Map<string, number>();
  readonly #tallies: TreeTally[] = [];
  /** Whether a small blob is a pointer of Git LFS, by its offset in the PACK. */
  readonly #pointers = new Map<number, boolean>();
  readonly #buffer = new ReusedBuffer();
  readonly #hidden: string[] = [];
  #hiddenCount = 0;
  #hasLargeDelta = false;

  constructor(objects: Objects, pack: Pack, where: string) {
    this.#objects = objects;
    this.#pack = pack;
    this.#where = where;
  }

  async run(commit: string, eventLoop: EventLoopYield): Promise<ReadCommit> {
    const root = { id: this.#root(commit), name: new Uint8Array(), parent: undefined };
    this.#add(root);
    for (let folder = this.#pending.pop(); folder !== undefined; folder = this.#pending.pop()) {
      if (eventLoop.isDue) await eventLoop.yield();
      this.#read(folder);
    }
    const { files, bytes, lfsPointers, submodules } = sumUp(this.#tallies);
    const survey = { files, bytes, lfsPointers, submodules: submodules === 0 ? [] : this.#submodules(root) };
    const hidden = { count: this.#hiddenCount, paths: this.#hidden };
    return { survey, hidden, hasLargeDelta: this.#hasLargeDelta };
  }

  #root(commit: string): Uint8Array {
    try {
      return raw(parseCommit(this.#objects.read(raw(commit), "commit")).tree);
    } catch (error) {
      throw this.#refusal(`commit ${commit}`, error);
    }
  }

  #read(folder: Folder): void {
    let tree: Tree;
    try {
      tree = new Tree(this.#objects.read(folder.id, "tree"));
    } catch (error) {
      const name = error instanceof TreeError ? error.forbidden : undefined;
      throw this.#refusal(shownTreePath(name === undefined ? folder : { name, parent: folder }), error);
    }
    const tally = this.#tallies[this.#indexOf(folder.id) as number] as TreeTally;
    for (let entry = 0; entry < tree.total; entry++) {
      const isHidden = entry >= tree.count;
      const counted = isHidden ? newTally() : tally;
      const type = tree.type(entry);
      if (type === "tree") counted.below.push(this.#add({ ...tree.entry(entry), parent: folder }));
      else if (type === "gitlink") counted.submodules++;
      else this.#blob(tree.id(entry), counted, () => ({ name: tree.name(entry), parent: folder }));
      if (isHidden && this.#hiddenCount++ < SHOWN) {
        this.#hidden.push(shownTreePath({ name: tree.name(entry), parent: folder }));
      }
    }
  }

  #blob(id: Uint8Array, tally: Tally, path: () => TreePath): void {
    try {
      const offset = this.#objects.offsetOf(id);
      // Of an undeltified blob the header of its entry is enough, and most are undeltified.
      const header = offset === undefined ? undefined : this.#pack.entries.header(offset);
      let size = header?.size as number;
      if (header?.kind !== "blob") {
        const described = this.#objects.describe(id, "blob");
        size = described.size;
        if (Math.max(size, described.baseSize) > LARGEST_DELTA) this.#hasLargeDelta = true;
      }
      tally.files++;
      tally.bytes += size;
      if (mayBePointer(size) && this.#isPointer(offset as number)) tally.lfsPointers++;
    } catch (error) {
      throw this.#refusal(shownTreePath(path()), error);
    }
  }

  #isPointer(offset: number): boolean {
    let is = this.#pointers.get(offset);
    if (is === undefined) {
      this.#pack.read(offset, this.#buffer);
      // Most of them differ in their first byte.
      const { bytes } = this.#buffer;
      is = bytes[0] === LETTER_V && isPointer(bytes);
      this.#pointers.set(offset, is);
    }
    return is;
  }

  /**
   * Adds a folder to those to read, unless its tree is known. @returns the index of the tree in `#tallies`.
   */
  #add({ id, name, parent }: Folder): number {
    const known = this.#indexOf(id);
    if (known !== undefined) return known;
    const index = this.#tallies.push(newTally()) - 1;
    this.#indexes.set(latin1(id), index);
    // Copies: a view would keep the whole tree in memory.
    this.#pending.push({ id: Uint8Array.from(id), name: Uint8Array.from(name), parent });
    return index;
  }

  #indexOf(id: Uint8Array): number | undefined {
    return this.#indexes.get(latin1(id));
  }

  /** Paths of submodules, as messages show them, sorted; skips trees that have none below them. */
  #submodules(root: Folder): string[] {
    const paths: string[] = [];
    const pending: Folder[] = [root];
    let characters = 0;
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      const parent = folder;
      for (const { type, name, id } of new Tree(this.#objects.read(folder.id, "tree"))) {
        if (type === "gitlink") {
          const path = shownTreePath({ name, parent });
          paths.push(path);
          characters += path.length;
          if (paths.length === MOST_PATHS || characters > MOST_CHARACTERS) return paths.sort();
        }
        const below = type === "tree" ? (this.#tallies[this.#indexOf(id) as number] as Tally).submodules : 0;
        if (below > 0) pending.push({ id, name, parent });
      }
    }
    return paths.sort();
  }

  #refusal(what: string, error: unknown): unknown {
    if (!(error instanceof DocteurError)) return error;
    const forbidden = error instanceof TreeError && error.forbidden !== undefined;
    const why = forbidden ? whyForbidden(error.forbidden) : error.message.replace(/^invalid image: /, "");
    const remedy = forbidden
      ? "rename it in a new commit, or choose another commit with -b"
      : "choose another commit with -b";
    const message = `${this.#where}: ${what} cannot be in an image: ${why}; ${remedy}`;
    return new DocteurError("UNREADABLE_COMMIT", message, { cause: error });
  }
}

function latin1(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("latin1");
}

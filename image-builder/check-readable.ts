import { openFileDevice } from "../reader/block/file.ts";
import { SectorCache } from "../reader/block/sector-cache.ts";
import { DocteurError } from "../reader/errors.ts";
import { parseCommit } from "../reader/git/commit.ts";
import { whyForbidden } from "../reader/git/forbidden-name.ts";
import type { ObjectFormat } from "../reader/git/object-format.ts";
import { raw } from "../reader/git/object-id.ts";
import { Tree } from "../reader/git/tree.ts";
import { TreeError } from "../reader/git/tree-error.ts";
import { headerSize } from "../reader/image/header.ts";
import { Idx } from "../reader/pack/idx.ts";
import { Objects } from "../reader/pack/objects.ts";
import { ObjectBuffer } from "../reader/pack/output-buffer.ts";
import { Pack } from "../reader/pack/pack.ts";
import { EventLoopYield } from "./event-loop.ts";
import type { HiddenEntries } from "./hidden-entries.ts";
import { isPointer, mayBePointer } from "./lfs-pointer.ts";
import type { Survey } from "./source/survey.ts";
import { newTally, type Tally, TreeTallies } from "./source/tally.ts";
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
  /** How the objects are named. */
  readonly format: ObjectFormat;
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

/** What is known of a small blob. */
const [UNKNOWN, NO_POINTER, POINTER] = [0, 1, 2];

/**
 * Reads the commit and every tree of a new PACK, each tree once, with the reader's own code, and looks up
 * each blob that they name: what the reader refuses must not become an image. Memory is 5 bytes an object and
 * 44 a tree, beside that of the reader.
 *
 * @param where the source, for messages.
 * @throws {DocteurError} `UNREADABLE_COMMIT`: the path of what the reader refuses, why, and what to do; the
 * signal's reason when aborted.
 */
export async function checkReadable(
  { image, packBytes, idx, format }: UnfinishedImage,
  commit: string,
  where: string,
  signal?: AbortSignal,
): Promise<ReadCommit> {
  const [imageDevice, idxDevice] = [openFileDevice(image), openFileDevice(idx)];
  try {
    const index = new Idx(new SectorCache(idxDevice), 0, packBytes, format);
    const cache = new SectorCache(imageDevice);
    const packStart = headerSize(format.idLength);
    const pack = new Pack(cache, packStart, packStart + packBytes, (base) => index.find(base), { format });
    return await new Check(index, pack, where).run(commit, new EventLoopYield(signal));
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
  readonly #index: Idx;
  readonly #objects: Objects;
  readonly #pack: Pack;
  readonly #where: string;
  readonly #pending: Folder[] = [];
  readonly #tallies = new TreeTallies();
  /** By the index of a tree in the IDX its number in `#tallies` and 1; 0 before it is met. */
  readonly #numbers: Uint32Array;
  /** By the index of a small blob in the IDX what is known of it. */
  readonly #pointers: Uint8Array;
  readonly #buffer = new ReusedBuffer();
  readonly #hidden: string[] = [];
  #hiddenCount = 0;
  #hasLargeDelta = false;

  constructor(index: Idx, pack: Pack, where: string) {
    this.#index = index;
    this.#objects = new Objects(index, pack);
    this.#numbers = new Uint32Array(index.count);
    this.#pointers = new Uint8Array(index.count);
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
    const { files, bytes, lfsPointers, submodules } = this.#tallies.sumUp();
    const survey = { files, bytes, lfsPointers, submodules: submodules === 0 ? [] : this.#submodules(root) };
    const hidden = { count: this.#hiddenCount, paths: this.#hidden };
    return { survey, hidden, hasLargeDelta: this.#hasLargeDelta };
  }

  #root(commit: string): Uint8Array {
    try {
      return raw(parseCommit(this.#objects.read(raw(commit), "commit"), commit).tree);
    } catch (error) {
      throw this.#refusal(`commit ${commit}`, error);
    }
  }

  #read(folder: Folder): void {
    let tree: Tree;
    try {
      tree = new Tree(this.#objects.read(folder.id, "tree"), folder.id.length);
    } catch (error) {
      const name = error instanceof TreeError ? error.forbidden : undefined;
      throw this.#refusal(shownTreePath(name === undefined ? folder : { name, parent: folder }), error);
    }
    const tally = newTally();
    const below: number[] = [];
    for (let entry = 0; entry < tree.total; entry++) {
      const isHidden = entry >= tree.count;
      const counted = isHidden ? newTally() : tally;
      const type = tree.type(entry);
      if (type === "tree") {
        const number = this.#add({ ...tree.entry(entry), parent: folder });
        if (!isHidden) below.push(number);
      }
      if (type === "gitlink") counted.submodules++;
      else if (type !== "tree")
        this.#blob(tree.id(entry), counted, () => ({ name: tree.name(entry), parent: folder }));
      if (isHidden && this.#hiddenCount++ < SHOWN) {
        this.#hidden.push(shownTreePath({ name: tree.name(entry), parent: folder }));
      }
    }
    this.#tallies.set(this.#numberOf(folder.id), tally, below);
  }

  #blob(id: Uint8Array, tally: Tally, path: () => TreePath): void {
    try {
      const index = this.#index.indexOf(id);
      const offset = index === undefined ? undefined : this.#index.offsetAt(index);
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
      if (mayBePointer(size) && this.#isPointer(index as number, offset as number)) tally.lfsPointers++;
    } catch (error) {
      throw this.#refusal(shownTreePath(path()), error);
    }
  }

  #isPointer(index: number, offset: number): boolean {
    if (this.#pointers[index] === UNKNOWN) {
      this.#pack.read(offset, this.#buffer);
      // Most of them differ in their first byte.
      const { bytes } = this.#buffer;
      this.#pointers[index] = bytes[0] === LETTER_V && isPointer(bytes) ? POINTER : NO_POINTER;
    }
    return this.#pointers[index] === POINTER;
  }

  /** Adds a folder to those to read, unless its tree is known. @returns the tree's number in `#tallies`. */
  #add({ id, name, parent }: Folder): number {
    const index = this.#index.indexOf(id);
    // Without one the tree is missing, and to read it fails.
    const known = index === undefined ? undefined : this.#numbers[index];
    if (known !== undefined && known > 0) return known - 1;
    const number = this.#tallies.add();
    if (index !== undefined) this.#numbers[index] = number + 1;
    // Copies: a view would keep the whole tree in memory.
    this.#pending.push({ id: Uint8Array.from(id), name: Uint8Array.from(name), parent });
    return number;
  }

  /** The number in `#tallies` of a tree that was read. */
  #numberOf(id: Uint8Array): number {
    return (this.#numbers[this.#index.indexOf(id) as number] as number) - 1;
  }

  /** Paths of submodules, as messages show them, sorted; skips trees that have none below them. */
  #submodules(root: Folder): string[] {
    const paths: string[] = [];
    const pending: Folder[] = [root];
    let characters = 0;
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      const parent = folder;
      for (const { type, name, id } of new Tree(this.#objects.read(folder.id, "tree"), folder.id.length)) {
        if (type === "gitlink") {
          const path = shownTreePath({ name, parent });
          paths.push(path);
          characters += path.length;
          if (paths.length === MOST_PATHS || characters > MOST_CHARACTERS) return paths.sort();
        }
        const below = type === "tree" ? this.#tallies.at(this.#numberOf(id)).submodules : 0;
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

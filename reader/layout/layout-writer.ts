import type { EntryType } from "../git/tree.ts";
import { BlockWriter, type WritePayload } from "./block-writer.ts";
import { BLOCK_SIZE, DISORDERED, LONGEST_KEY, type ObjectLocation, TYPES } from "./format.ts";
import { sharedStart } from "./keys.ts";
import { PayloadWriter } from "./payload.ts";
import { writeVarint } from "./varint.ts";

/** The root block is cut to a multiple of so many bytes. */
const ROOT_UNIT = 512;

/** What the footer says of a layout's blocks. */
export interface LayoutShape {
  /** Entries, the marks of folders out of order among them. */
  readonly entries: number;
  /** Blocks of each level, the leaves first; the last level has one, the root. */
  readonly levels: readonly number[];
}

/** A level of the B-tree that is being written. */
interface Level {
  readonly writer: BlockWriter;
  /** Finished blocks that wait for those of the levels below. */
  readonly waiting: Uint8Array[];
  /** How many blocks are finished. */
  finished: number;
  /** The children that the finished blocks have, and the present one. */
  finishedChildren: number;
  children: number;
  /** Keys from this one on are in the present block. */
  separator: Uint8Array;
  /** Entries in or below the present block. */
  entries: number;
}

/**
 * Writes a layout, a B-tree, as its entries come in the order of their keys: a leaf is written when it is
 * full, what is above the leaves at the end. That takes some 4 KiB of memory for 20,000 entries.
 */
export class LayoutWriter {
  readonly #write: (block: Uint8Array) => void;
  readonly #payload: PayloadWriter;
  readonly #levels: Level[] = [newLevel(new Uint8Array())];
  readonly #last = new Uint8Array(LONGEST_KEY);
  #lastLength = 0;
  #entries = 0;

  /**
   * @param idLength bytes of an object id.
   * @param write takes each block, in the order in which the section has them.
   */
  constructor(idLength: number, write: (block: Uint8Array) => void) {
    this.#write = write;
    this.#payload = new PayloadWriter(idLength);
  }

  /**
   * Adds an entry.
   *
   * @param key of `length` bytes; it comes after the keys of all entries before.
   * @param id raw.
   * @param location of the object; undefined for a submodule.
   * @throws {RangeError} if the key is longer than `LONGEST_KEY`.
   */
  add(
    key: Uint8Array,
    length: number,
    type: EntryType,
    id: Uint8Array,
    location: ObjectLocation | undefined,
  ): void {
    this.#add(key, length, TYPES.indexOf(type), (bytes, at, isRestart) =>
      this.#payload.write(bytes, at, isRestart, type, id, location),
    );
  }

  /**
   * Marks a folder whose tree has its entries in another order than git's.
   * @param key what the keys of its entries begin with. @throws {RangeError} as `add`.
   */
  addDisordered(key: Uint8Array, length: number): void {
    this.#add(key, length, DISORDERED, (_, at, isRestart) => {
      if (isRestart) this.#payload.restart();
      return at;
    });
  }

  /** Writes what is left. Nothing may be added afterwards. */
  finish(): LayoutShape {
    for (let height = 0; this.#finishBlock(height, true) > 1; height++);
    for (const { waiting } of this.#levels) for (const block of waiting) this.#write(block);
    return { entries: this.#entries, levels: this.#levels.map(({ finished }) => finished) };
  }

  #add(key: Uint8Array, length: number, tag: number, write: WritePayload): void {
    if (length > LONGEST_KEY) throw new RangeError(`a key of ${length} bytes is too long for a layout`);
    const leaves = this.#levels[0] as Level;
    if (!leaves.writer.add(key, length, tag, write)) {
      this.#finishBlock(0, false);
      // The shortest key that comes after the last one, and not after this one.
      leaves.separator = key.slice(0, sharedStart(key, length, this.#last, this.#lastLength) + 1);
      leaves.writer.add(key, length, tag, write);
    }
    leaves.entries++;
    this.#entries++;
    this.#last.set(key.subarray(0, length));
    this.#lastLength = length;
  }

  /** Finishes a block of a level. @returns how many blocks the level has now. */
  #finishBlock(height: number, isLast: boolean): number {
    const level = this.#levels[height] as Level;
    const isRoot = isLast && level.finished === 0;
    const number = height === 0 ? level.finished : level.finishedChildren;
    const block = level.writer.finish(number, isRoot ? ROOT_UNIT : BLOCK_SIZE);
    if (height === 0) this.#write(block);
    else level.waiting.push(block);
    level.finished++;
    level.finishedChildren = level.children;
    if (!isRoot) this.#addChild(height + 1, level.separator, level.entries);
    level.entries = 0;
    return level.finished;
  }

  #addChild(height: number, separator: Uint8Array, entries: number): void {
    this.#levels[height] ??= newLevel(separator);
    const level = this.#levels[height];
    const write = (bytes: Uint8Array, at: number) => writeVarint(bytes, at, level.entries);
    if (!level.writer.add(separator, separator.length, 0, write)) {
      this.#finishBlock(height, false);
      level.separator = separator;
      level.writer.add(separator, separator.length, 0, write);
    }
    level.entries += entries;
    level.children++;
  }
}

function newLevel(separator: Uint8Array): Level {
  return {
    writer: new BlockWriter(),
    waiting: [],
    finished: 0,
    finishedChildren: 0,
    children: 0,
    separator,
    entries: 0,
  };
}

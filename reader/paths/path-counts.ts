import { MOST_HELD } from "../bounds.ts";
import type { Tree } from "../git/tree.ts";
import type { Objects } from "../pack/objects.ts";
import { WorkLimitError } from "../pack/work.ts";
import { readTree, TREE_OVERHEAD } from "./trees.ts";

/** Numbers of paths by the type of their entry. `Number.MAX_SAFE_INTEGER` means this number or more. */
export interface PathCounts {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly submodules: number;
}

/** The most trees that are counted, each once: their counts take some 70 bytes each. */
const MOST_TREES = 1_000_000;

/** Counts that are kept of a tree, and their indices. */
const WIDTH = 4;
const FILES = 0;
const FOLDERS = 1;
const LINKS = 2;
const SUBMODULES = 3;

/** The cost of looking up a folder, in entries. */
const COST_OF_FOLDER = 20;

interface Level {
  readonly tree: Tree;
  /** Index of its counts. */
  readonly counts: number;
  next: number;
}

/**
 * Counts the paths below a tree, and reads each tree once, however many paths lead to it: a few trees can
 * name more paths than there are atoms in the world. It works in steps, so that others can be served in
 * between.
 */
export class PathCounting {
  readonly #objects: Objects;
  /** Units of work of the count alone; others may read between two steps. */
  #work = 0;
  /** By a tree's offset in the PACK, the index of its counts, in trees. */
  readonly #known = new Map<number, number>();
  #counts = new Float64Array(64 * WIDTH);
  #levels: Level[] = [];
  #held = 0;
  /** Of the present step. */
  #left = 0;

  /** @param root raw id of the tree. */
  constructor(objects: Objects, root: Uint8Array) {
    this.#objects = objects;
    this.#enter(root);
  }

  /** The counts so far; complete once `step` has returned true. */
  get counts(): PathCounts {
    const [files = 0, folders = 0, links = 0, submodules = 0] = this.#counts;
    return { files, folders, links, submodules };
  }

  /**
   * Goes on for about as long as it takes to read so many entries.
   * @returns whether the count is complete.
   * @throws {WorkLimitError} beyond the limits of a count. @throws {InvalidImageError}
   */
  step(entries: number): boolean {
    this.#left = entries;
    while (this.#left > 0) {
      const level = this.#levels.at(-1);
      if (level === undefined) return true;
      this.#count(level);
    }
    return false;
  }

  /**
   * Counts the entries of a tree up to the next folder that is not counted, to its end, or to the end of the
   * step.
   */
  #count(level: Level): void {
    const { tree, counts } = level;
    for (; level.next < tree.count; level.next++) {
      if (this.#left-- <= 0) return;
      const type = tree.type(level.next);
      if (type !== "tree") {
        this.#add(counts + (type === "symlink" ? LINKS : type === "gitlink" ? SUBMODULES : FILES), 1);
        continue;
      }
      const id = tree.id(level.next);
      const below = this.#knownCounts(id);
      if (below === undefined) {
        this.#enter(id);
        return;
      }
      this.#left -= COST_OF_FOLDER;
      this.#add(counts + FOLDERS, 1);
      for (let i = 0; i < WIDTH; i++) this.#add(counts + i, this.#counts[below + i] as number);
    }
    this.#held -= tree.byteLength + TREE_OVERHEAD;
    this.#levels.pop();
  }

  #knownCounts(id: Uint8Array): number | undefined {
    const offset = this.#objects.offsetOf(id);
    const known = offset === undefined ? undefined : this.#known.get(offset);
    return known === undefined ? undefined : known * WIDTH;
  }

  #enter(id: Uint8Array): void {
    const { work, bounds } = this.#objects;
    const before = work.done;
    const tree = readTree(this.#objects, id);
    this.#work += work.done - before;
    this.#left -= COST_OF_FOLDER + tree.count;
    this.#held += tree.byteLength + TREE_OVERHEAD;
    const known = this.#known.size;
    if (known === MOST_TREES || this.#held > MOST_HELD || this.#work > bounds.countingWork) {
      throw new WorkLimitError("the image has too many folders to count");
    }
    this.#known.set(this.#objects.offsetOf(id) as number, known);
    if ((known + 1) * WIDTH > this.#counts.length) {
      const larger = new Float64Array(this.#counts.length * 2);
      larger.set(this.#counts);
      this.#counts = larger;
    }
    this.#levels.push({ tree, counts: known * WIDTH, next: 0 });
  }

  #add(index: number, count: number): void {
    this.#counts[index] = Math.min((this.#counts[index] as number) + count, Number.MAX_SAFE_INTEGER);
  }
}

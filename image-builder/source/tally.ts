import { NumberList } from "../number-list.ts";

/** What a tree contains, counted by paths: an object with two paths counts twice. */
export interface Tally {
  /** Files and symbolic links. */
  files: number;
  /** Bytes in all of them together. */
  bytes: number;
  /** Files that are pointers of Git LFS. */
  lfsPointers: number;
  submodules: number;
}

/** A tally of nothing. */
export function newTally(): Tally {
  return { files: 0, bytes: 0, lfsPointers: 0, submodules: 0 };
}

/** The numbers of a tally, each of which may be as large as there are paths. */
const NUMBERS = ["files", "bytes", "lfsPointers", "submodules"] as const satisfies readonly (keyof Tally)[];

/**
 * The tallies of trees, and the trees that each names. Numbers stand for trees, from 0 on. Memory is 40 bytes
 * a tree, and 4 for each that it names.
 */
export class TreeTallies {
  /** Those of each tree one after the other. */
  readonly #numbers = new NumberList(Float64Array);
  /** For each tree where those that it names begin in `#below`, and how many they are. */
  readonly #starts = new NumberList();
  readonly #counts = new NumberList();
  readonly #below = new NumberList();

  /** Adds a tree of which nothing is known yet. @returns its number. */
  add(): number {
    for (const _ of NUMBERS) this.#numbers.push(0);
    this.#counts.push(0);
    this.#starts.push(0);
    return this.#starts.length - 1;
  }

  /** Sets what a tree contains itself, and the trees that it names. No tree may be below itself. */
  set(tree: number, tally: Tally, below: readonly number[]): void {
    for (const [index, name] of NUMBERS.entries()) {
      this.#numbers.set(tree * NUMBERS.length + index, tally[name]);
    }
    this.#starts.set(tree, this.#below.length);
    this.#counts.set(tree, below.length);
    for (const number of below) this.#below.push(number);
  }

  at(tree: number): Tally {
    const tally = newTally();
    for (const [index, name] of NUMBERS.entries()) {
      tally[name] = this.#numbers.at(tree * NUMBERS.length + index);
    }
    return tally;
  }

  /**
   * Adds to each tree what is below it, and returns the tally of the first. Walks each tree once, however
   * many paths lead to it: a few trees may name more paths than can be counted one by one.
   */
  sumUp(): Tally {
    const count = this.#starts.length;
    if (count === 0) return newTally();
    const begun = new Uint8Array(count);
    const done = new Uint8Array(count);
    // Not by recursion: trees may be of any depth.
    const stack = new NumberList();
    stack.push(0);
    while (stack.length > 0) {
      const tree = stack.at(stack.length - 1);
      if (begun[tree] === 0) {
        begun[tree] = 1;
        for (const below of this.#belowOf(tree)) if (begun[below] === 0) stack.push(below);
        continue;
      }
      stack.pop();
      if (done[tree] === 1) continue;
      done[tree] = 1;
      for (const below of this.#belowOf(tree)) this.#addTo(tree, below);
    }
    return this.at(0);
  }

  *#belowOf(tree: number): Generator<number> {
    const start = this.#starts.at(tree);
    const end = start + this.#counts.at(tree);
    for (let at = start; at < end; at++) yield this.#below.at(at);
  }

  #addTo(tree: number, below: number): void {
    for (let index = 0; index < NUMBERS.length; index++) {
      const at = tree * NUMBERS.length + index;
      this.#numbers.set(at, this.#numbers.at(at) + this.#numbers.at(below * NUMBERS.length + index));
    }
  }
}

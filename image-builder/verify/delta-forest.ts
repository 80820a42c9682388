import { NONE } from "../../reader/pack/waiting-deltas.ts";

/** Deltas on one undeltified object beyond which they are shared out among threads. */
const WIDE = 256;

/**
 * Which entry of a PACK is built on which, in the order of the PACK: a forest whose roots are the undeltified
 * objects. 14 bytes an entry, in memory that threads may share.
 */
export class DeltaForest {
  readonly count: number;
  /** Per delta its base; `NONE` for an undeltified object. */
  readonly parents: Int32Array;
  /**
   * The number of deltas between each object and an undeltified one. Until `finish`, that of an undeltified
   * object is the number of deltas on it, as far as 16 bits can.
   */
  readonly depths: Uint16Array;
  /**
   * Per entry the first delta that is built on it; per delta the next one on the same base. Both in the order
   * of the PACK.
   */
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;

  constructor(count: number, memory: ArrayBufferLike) {
    this.count = count;
    this.parents = new Int32Array(memory, 0, count);
    this.firstChild = new Int32Array(memory, 4 * count, count);
    this.nextSibling = new Int32Array(memory, 8 * count, count);
    this.depths = new Uint16Array(memory, 12 * count, count);
  }

  /** Links all entries, once every one has its parent. */
  link(): void {
    const { count, parents, firstChild, nextSibling, depths } = this;
    firstChild.fill(NONE);
    nextSibling.fill(NONE);
    for (let entry = count - 1; entry >= 0; entry--) {
      const parent = parents[entry] as number;
      if (parent === NONE) continue;
      nextSibling[entry] = firstChild[parent] as number;
      firstChild[parent] = entry;
      if (parents[parent] === NONE) depths[parent] = Math.min((depths[parent] as number) + 1, 0xffff);
    }
  }

  /**
   * Whether an entry is where a thread begins, on its own: an undeltified object, or a delta on one that has
   * many.
   */
  isTop(entry: number): boolean {
    const parent = this.parents[entry] as number;
    return parent === NONE || this.isWide(parent);
  }

  /** Whether an entry is an undeltified object whose deltas are tops. */
  isWide(entry: number): boolean {
    return this.parents[entry] === NONE && (this.depths[entry] as number) > WIDE;
  }

  /** The undeltified object that an entry is built on in the end, or that it is. */
  rootOf(entry: number): number {
    let root = entry;
    for (let next = root; next !== NONE; next = this.parents[root] as number) root = next;
    return root;
  }

  /** When all entries are done: corrects `depths`. `nextSibling` is of no more use then. */
  finish(): void {
    const { count, parents, depths } = this;
    for (let entry = 0; entry < count; entry++) if (parents[entry] === NONE) depths[entry] = 0;
  }
}

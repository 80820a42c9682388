import type { ObjectKind } from "../../reader/git/object.ts";
import type { PackAnalysis } from "../../reader/pack/pack-analysis.ts";

/** An object that a commit reaches. */
export interface ReachedObject {
  /** Its index in the order of ids. */
  readonly index: number;
  readonly kind: ObjectKind;
  /** Whether it had been added before. */
  readonly before: boolean;
}

/** The objects of a PACK that the commit reaches. Takes one byte of memory for each object of the PACK. */
export class ReachedObjects {
  readonly #analysis: PackAnalysis;
  readonly #reached: Uint8Array;

  constructor(analysis: PackAnalysis) {
    this.#analysis = analysis;
    this.#reached = new Uint8Array(analysis.count);
  }

  /** Adds the object with this raw id. Undefined if the PACK lacks it. */
  add(id: Uint8Array): ReachedObject | undefined {
    const index = this.#analysis.indexOf(id);
    if (index === undefined) return undefined;
    const before = this.#reached[index] === 1;
    this.#reached[index] = 1;
    return { index, kind: this.#analysis.kindAt(index), before };
  }

  /** The raw id of the object at an index, a view. */
  id(index: number): Uint8Array {
    return this.#analysis.idAt(index);
  }

  /** The number of objects that have not been added. */
  get unreached(): number {
    return this.#reached.reduce((count, reached) => count - reached, this.#analysis.count);
  }
}

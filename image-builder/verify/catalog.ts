import type { ObjectKind } from "../../reader/git/object.ts";
import type { PackAnalysis } from "../../reader/pack/pack-analysis.ts";

/** Which objects of a PACK the commit reaches. A byte an object. */
export class Catalog {
  readonly #analysis: PackAnalysis;
  readonly #reached: Uint8Array;

  constructor(analysis: PackAnalysis) {
    this.#analysis = analysis;
    this.#reached = new Uint8Array(analysis.count);
  }

  /**
   * The object with this raw id: its place in the order of ids, its kind, and whether it had been reached before; it counts as
   * reached from now on.
   */
  reach(
    id: Uint8Array,
  ): { readonly place: number; readonly kind: ObjectKind; readonly before: boolean } | undefined {
    const place = this.#analysis.indexOf(id);
    if (place === undefined) return undefined;
    const before = this.#reached[place] === 1;
    this.#reached[place] = 1;
    return { place, kind: this.#analysis.kindAt(place), before };
  }

  /** The raw id of the object at a place, a view. */
  id(place: number): Uint8Array {
    return this.#analysis.idAt(place);
  }

  /** Objects that nothing has reached. */
  get unreached(): number {
    return this.#reached.reduce((count, reached) => count - reached, this.#analysis.count);
  }
}

/** Objects that are kept for a hash: the first one that has it, and the last ones. */
const KEPT = 4;

/** Finds earlier objects that have hashes of their sketches in common with an object. */
export class SimilarObjects {
  readonly #byHash = new Map<number, number[]>();

  /** The numbers of at most `most` objects, those with the most hashes in common first. */
  find(hashes: Uint32Array, most: number): number[] {
    const common = new Map<number, number>();
    for (const hash of hashes) {
      for (const number of this.#byHash.get(hash) ?? []) common.set(number, (common.get(number) ?? 0) + 1);
    }
    return [...common]
      .sort(([a, inA], [b, inB]) => inB - inA || b - a)
      .slice(0, most)
      .map(([number]) => number);
  }

  /** Adds an object to those that are found. */
  add(hashes: Uint32Array, number: number): void {
    for (const hash of hashes) {
      const known = this.#byHash.get(hash);
      if (known === undefined) this.#byHash.set(hash, [number]);
      else if (known.length < KEPT) known.push(number);
      else {
        known.copyWithin(1, 2);
        known[KEPT - 1] = number;
      }
    }
  }
}

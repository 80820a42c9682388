import type { ObjectKind } from "../../guest/git/object.ts";
import { ID_LENGTH } from "../../guest/git/object-id.ts";
import type { PackAnalysis } from "../../guest/pack/pack-analysis.ts";

const KINDS: readonly ObjectKind[] = ["commit", "tree", "blob", "tag"];

/** Every object of a PACK by its id: of which kind it is, and whether the commit reaches it. 22 bytes an object. */
export class Catalog {
  readonly #count: number;
  readonly #ids: Uint8Array;
  readonly #kinds: Uint8Array;
  readonly #reached: Uint8Array;

  constructor(analysis: PackAnalysis) {
    this.#count = analysis.count;
    this.#ids = new Uint8Array(this.#count * ID_LENGTH);
    this.#kinds = new Uint8Array(this.#count);
    this.#reached = new Uint8Array(this.#count);
    let position = 0;
    for (const { id, kind } of analysis.entries()) {
      this.#ids.set(id, position * ID_LENGTH);
      this.#kinds[position++] = KINDS.indexOf(kind);
    }
  }

  /** The object with this raw id: its kind, and whether it had been reached before; it counts as reached from now on. */
  reach(id: Uint8Array): { readonly kind: ObjectKind; readonly before: boolean } | undefined {
    const position = this.#find(id);
    if (position === undefined) return undefined;
    const before = this.#reached[position] === 1;
    this.#reached[position] = 1;
    return { kind: KINDS[this.#kinds[position] as number] as ObjectKind, before };
  }

  /** Objects that nothing has reached. */
  get unreached(): number {
    return this.#reached.reduce((count, reached) => count - reached, this.#count);
  }

  /** Where the first object with this id stands. */
  #find(id: Uint8Array): number | undefined {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Buffer.compare(this.#id(middle), id) < 0) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && Buffer.compare(this.#id(low), id) === 0 ? low : undefined;
  }

  #id(position: number): Uint8Array {
    return this.#ids.subarray(position * ID_LENGTH, (position + 1) * ID_LENGTH);
  }
}

import type { ObjectIndex } from "./object-index.ts";

/** An index that can be told where the object lies that is looked for next, which saves looking. */
export class ExpectedIndex implements ObjectIndex {
  readonly #index: ObjectIndex;
  #id: Uint8Array | undefined;
  #offset = 0;

  constructor(index: ObjectIndex) {
    this.#index = index;
  }

  get count(): number {
    return this.#index.count;
  }

  /**
   * Tells where an object lies, until another is told. The index does not check it: who reads the object
   * compares its id.
   * @param id raw. @param offset undefined if it is not known.
   */
  expect(id: Uint8Array, offset: number | undefined): void {
    this.#id = offset === undefined ? undefined : id;
    this.#offset = offset ?? 0;
  }

  find(ids: Uint8Array, start = 0): number | undefined {
    return this.#isExpected(ids, start) ? this.#offset : this.#index.find(ids, start);
  }

  /** Whether what is expected does not lie where it is expected; nothing is expected any more. */
  wasMisled(): boolean {
    const id = this.#id;
    this.#id = undefined;
    return id !== undefined && this.#index.find(id) !== this.#offset;
  }

  #isExpected(ids: Uint8Array, start: number): boolean {
    const id = this.#id;
    if (id === undefined) return false;
    for (let i = 0; i < id.length; i++) if (id[i] !== ids[start + i]) return false;
    return true;
  }
}

import { DocteurError } from "../errors.ts";
import type { ObjectIndex } from "./object-index.ts";

/** What reading an object fails with where it does not lie. */
const MISLED: readonly DocteurError["code"][] = ["INVALID_IMAGE", "OBJECT_TOO_LARGE", "TOO_MUCH_WORK"];

/** An index that takes a hint where the next object lies, and then does not look for it. */
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
   * Sets where an object lies, until the next call. The index does not check it: the reader of the object
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

  /** Whether an error comes of reading an object where it was expected, and does not lie. As `wasMisled`. */
  hasMisled(error: unknown): boolean {
    return error instanceof DocteurError && MISLED.includes(error.code) && this.wasMisled();
  }

  #isExpected(ids: Uint8Array, start: number): boolean {
    const id = this.#id;
    if (id === undefined) return false;
    for (let i = 0; i < id.length; i++) if (id[i] !== ids[start + i]) return false;
    return true;
  }
}

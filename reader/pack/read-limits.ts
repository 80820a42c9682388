import type { Bounds } from "../bounds.ts";
import { DocteurError } from "../errors.ts";
import { type Work, WorkLimitError } from "./work.ts";

/**
 * A delta has at most this part of the bytes that the objects of a chain may have; git keeps none larger than
 * its target's half.
 */
const DELTA_SHARE = 0.5;

/**
 * The largest objects that are read into memory, and the work that one may take. Offsets are bytes of the
 * image.
 */
export class ReadLimits {
  readonly bounds: Bounds;
  /** Counts the work that is done. */
  readonly work: Work;
  readonly #maxObjectSize: number;
  readonly #maxChainedSize: number;
  readonly #maxDeltaSize: number;

  /** @param maxObjectSize bytes of any object that is read into memory at once. */
  constructor(bounds: Bounds, work: Work, maxObjectSize: number) {
    this.bounds = bounds;
    this.work = work;
    this.#maxObjectSize = maxObjectSize;
    // A delta, its base and its target are in memory together.
    this.#maxChainedSize = Math.min(maxObjectSize, bounds.deltaObjectSize);
    this.#maxDeltaSize = Math.min(maxObjectSize, bounds.deltaObjectSize * DELTA_SHARE);
  }

  /** @throws {DocteurError} `OBJECT_TOO_LARGE`, if so many bytes may not be held in memory. */
  checkSize(size: number, offset: number): void {
    if (size > this.#maxObjectSize) throw this.#tooLarge(size, this.#maxObjectSize, offset);
  }

  /** For an object that is a delta, or the base of one. @throws {DocteurError} `OBJECT_TOO_LARGE` */
  checkChainedSize(size: number, offset: number): void {
    if (size > this.#maxChainedSize) throw this.#tooLarge(size, this.#maxChainedSize, offset);
  }

  /** For a delta itself. @throws {DocteurError} `OBJECT_TOO_LARGE` */
  checkDeltaSize(size: number, offset: number): void {
    if (size > this.#maxDeltaSize) throw this.#tooLarge(size, this.#maxDeltaSize, offset);
  }

  /**
   * Whether an object that is a delta, or the base of one, may be read into memory.
   * @param size bytes of it. @param deltaSize bytes of its delta; 0 if it is undeltified.
   */
  fitsMemory(size: number, deltaSize: number): boolean {
    return size <= this.#maxChainedSize && deltaSize <= this.#maxDeltaSize;
  }

  /** @param work for one object, from the undeltified one on. @throws {WorkLimitError} */
  checkObjectWork(work: number, offset: number): void {
    if (work <= this.bounds.objectWork) return;
    throw new WorkLimitError(`the deltas of the object at byte ${offset} make too much work`);
  }

  #tooLarge(size: number, limit: number, offset: number): DocteurError {
    const what = `the object at byte ${offset} has ${size} bytes`;
    const where = limit === this.#maxObjectSize ? "" : " where deltas are concerned";
    return new DocteurError("OBJECT_TOO_LARGE", `${what}; at most ${limit}${where} are read into memory`);
  }
}

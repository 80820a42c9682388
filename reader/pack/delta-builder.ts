import { MAX_CHAIN } from "../bounds.ts";
import type { Base, BaseCache } from "./base-cache.ts";
import { deltaFault, tooDeep } from "./chain-descriptions.ts";
import { applyDelta, checkTargetSize, DeltaError, decodeDeltaHeader } from "./delta.ts";
import type { Entries } from "./entries.ts";
import type { EntryHeader } from "./format.ts";
import { free } from "./free.ts";
import type { OutputBuffer } from "./output-buffer.ts";
import type { ReadLimits } from "./read-limits.ts";
import { COST } from "./work.ts";

const SMALLEST_SCRATCH = 64 * 1024;
const LARGEST_SCRATCH = 4 * 1024 * 1024;

/**
 * Bytes of a target or a delta above which the instructions are checked before memory is taken for the
 * target.
 */
const LARGEST_UNCHECKED = 1024 * 1024;

/** Applies deltas to their bases. */
export class DeltaBuilder {
  readonly #entries: Entries;
  readonly #bases: BaseCache;
  readonly #limits: ReadLimits;
  /** A delta is needed only until it is applied, so all of them share this memory, if they are not huge. */
  #scratch: Uint8Array = new Uint8Array();

  constructor(entries: Entries, bases: BaseCache, limits: ReadLimits) {
    this.#entries = entries;
    this.#bases = bases;
    this.#limits = limits;
  }

  /**
   * Builds the object of a delta on its base.
   * @returns the offset in the PACK where the entry after the delta begins.
   * @throws {InvalidImageError} faults `pack-inflate`, `pack-delta`, `pack-base`.
   * @throws {DocteurError} `OBJECT_TOO_LARGE`. @throws {WorkLimitError}
   */
  build(base: Base, delta: EntryHeader, into: OutputBuffer): number {
    const { size } = delta;
    const limits = this.#limits;
    const at = this.#entries.at(delta);
    if (base.depth >= MAX_CHAIN) throw tooDeep(at);
    limits.checkDeltaSize(size, at);
    const memory = this.#scratchOf(size + 1);
    try {
      const end = this.#entries.inflateTo(delta, memory, 0);
      const { sourceSize, targetSize, instructions } = decodeDeltaHeader(memory, size);
      if (sourceSize !== base.size) {
        throw new DeltaError(`the delta is for a source of ${sourceSize} bytes, its base has ${base.size}`);
      }
      limits.checkChainedSize(targetSize, at);
      let work = COST.delta + COST.inflatedByte * size + targetSize;
      if (targetSize > LARGEST_UNCHECKED || size > LARGEST_UNCHECKED) {
        // Counted also if it is refused for what it would take from here on.
        limits.work.add(COST.inflatedByte * size);
        const count = checkTargetSize(memory, instructions, size, targetSize);
        limits.checkObjectWork(base.work + work + COST.instruction * count, at);
        if (into !== this.#bases) this.#bases.dropHuge(base);
      }
      into.reserve(targetSize, base);
      const target = { memory: into.memory, start: into.start, size: targetSize };
      work += COST.instruction * applyDelta(base, memory, instructions, size, target);
      limits.work.add(work);
      limits.checkObjectWork(base.work + work, at);
      into.filled(base.kind, targetSize, base.depth + 1, base.work + work);
      return end;
    } catch (cause) {
      throw deltaFault(cause, at);
    } finally {
      if (memory !== this.#scratch) free(memory);
    }
  }

  #scratchOf(size: number): Uint8Array {
    if (size <= this.#scratch.length) return this.#scratch;
    const memory = Buffer.allocUnsafeSlow(Math.max(size, SMALLEST_SCRATCH));
    if (size <= LARGEST_SCRATCH) this.#scratch = memory;
    return memory;
  }
}

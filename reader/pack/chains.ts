import { MAX_CHAIN } from "../bounds.ts";
import type { GitObject, ObjectKind } from "../git/object.ts";
import { type Base, BaseCache } from "./base-cache.ts";
import { tooDeep } from "./chain-descriptions.ts";
import { DeltaBuilder } from "./delta-builder.ts";
import type { Entries } from "./entries.ts";
import type { EntryHeader } from "./format.ts";
import { free } from "./free.ts";
import type { ObjectBuffer, OutputBuffer } from "./output-buffer.ts";
import type { ReadLimits } from "./read-limits.ts";
import { COST } from "./work.ts";

/** A delta whose object is built in steps; see `Chains.advance`. */
export interface PendingObject {
  readonly header: EntryHeader;
  /** Deltas that are to be applied before it, the next one last. */
  readonly deltas: EntryHeader[];
  /** What the next one is applied to, in memory of its own; undefined before the first step. */
  base: Base | undefined;
}

/** Reads objects by the offset of their entry: inflates them, follows chains of deltas and applies them. */
export class Chains {
  readonly #entries: Entries;
  readonly #limits: ReadLimits;
  readonly #bases: BaseCache;
  readonly #builder: DeltaBuilder;

  /** @param baseCacheSize bytes of bases of deltas to keep. */
  constructor(entries: Entries, limits: ReadLimits, baseCacheSize: number) {
    this.#entries = entries;
    this.#limits = limits;
    this.#bases = new BaseCache(baseCacheSize);
    this.#builder = new DeltaBuilder(entries, this.#bases, limits);
  }

  /** As `Pack.read`. */
  read(offset: number, into: OutputBuffer): void {
    const header = this.#entries.header(offset);
    if (header.kind !== undefined) {
      this.#inflate(header, header.kind, into);
      return;
    }
    const base = this.#bases.get(this.#entries.baseOf(header)) ?? this.#makeBase(header);
    this.#builder.build(base, header, into);
  }

  /** As `Pack.readBase`. */
  readBase(offset: number): GitObject {
    this.read(offset, this.#bases);
    const { kind, memory, start, size } = this.#bases.keep(offset);
    return { kind, bytes: memory.subarray(start, start + size) };
  }

  /** As `Pack.begin`. */
  begin(offset: number): PendingObject {
    return { header: this.#entries.header(offset), deltas: [], base: undefined };
  }

  /** As `Pack.advance`. */
  advance(pending: PendingObject, into: ObjectBuffer, limit: number): boolean {
    const { header, deltas } = pending;
    const { work } = this.#limits;
    const end = work.done + limit;
    let base = pending.base ?? this.#startOf(header, deltas);
    for (let link = deltas.pop(); link !== undefined; link = deltas.pop()) {
      base = this.#makeNext(base, link);
      if (work.done < end) continue;
      const memory = Buffer.allocUnsafeSlow(base.size);
      memory.set(base.memory.subarray(base.start, base.start + base.size));
      if (pending.base !== undefined) free(pending.base.memory);
      pending.base = { ...base, memory, start: 0 };
      return false;
    }
    this.#builder.build(base, header, into);
    return true;
  }

  /** Inflates an undeltified object. */
  #inflate(header: EntryHeader, kind: ObjectKind, into: OutputBuffer): void {
    const { size } = header;
    this.#limits.checkSize(size, this.#entries.at(header));
    into.reserve(size + 1);
    const work = COST.inflatedByte * size;
    this.#limits.work.add(work);
    this.#entries.inflateTo(header, into.memory, into.start);
    into.filled(kind, size, 0, work);
  }

  /**
   * Makes the base of a delta, and those on which that is built, from the nearest one that is cached or
   * undeltified.
   */
  #makeBase(delta: EntryHeader): Base {
    const deltas: EntryHeader[] = [];
    let base = this.#startOf(delta, deltas);
    for (let link = deltas.pop(); link !== undefined; link = deltas.pop()) base = this.#makeNext(base, link);
    return base;
  }

  /**
   * The nearest object below a delta that is cached or undeltified; adds the deltas between the two, the
   * lowest last.
   */
  #startOf(delta: EntryHeader, deltas: EntryHeader[]): Base {
    const seen = new Set<number>();
    for (let link = delta; ; ) {
      seen.add(link.offset);
      const offset = this.#entries.baseOf(link, seen);
      const base = this.#bases.get(offset);
      if (base !== undefined) return base;
      link = this.#entries.header(offset);
      if (link.kind !== undefined) {
        this.#limits.checkChainedSize(link.size, this.#entries.at(link));
        this.#inflate(link, link.kind, this.#bases);
        return this.#bases.keep(offset);
      }
      deltas.push(link);
      if (deltas.length >= MAX_CHAIN) throw tooDeep(this.#entries.at(delta));
    }
  }

  #makeNext(base: Base, delta: EntryHeader): Base {
    this.#builder.build(base, delta, this.#bases);
    return this.#bases.keep(delta.offset);
  }
}

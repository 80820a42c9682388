import { MAX_CHAIN } from "../bounds.ts";
import { InvalidImageError } from "../errors.ts";
import type { ObjectKind } from "../git/object.ts";
import { DeltaError, type DeltaHeader, decodeDeltaHeader, MAX_DELTA_HEADER } from "./delta.ts";
import type { Entries } from "./entries.ts";
import type { EntryHeader } from "./format.ts";

/** What an entry is, known without inflating all of it. */
export interface EntryDescription {
  readonly kind: ObjectKind;
  /** Bytes of the object. */
  readonly size: number;
  /** Deltas between it and an undeltified object; 0 for an undeltified one. */
  readonly depth: number;
  /** Bytes of what its delta is applied to, as the delta says; 0 if it is undeltified. */
  readonly baseSize: number;
}

/** Where a delta's chain leads. */
type Root = Pick<EntryDescription, "kind" | "depth">;

/** Of a long chain every so many-th delta is recorded. */
const STRIDE = 64;

/** Deltas recorded at most, some MiB: enough for a PACK that has two million of them in long chains. */
const MOST = 32 * 1024;

/**
 * Describes objects without making them. The roots of long chains are recorded: to describe many objects
 * must not take following the same long chain for each.
 */
export class ChainDescriptions {
  readonly #entries: Entries;
  /** By the offset of a delta, what it leads to. */
  readonly #known = new Map<number, Root>();

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** As `Pack.describe`. */
  describe(offset: number): EntryDescription {
    const header = this.#entries.header(offset);
    if (header.kind !== undefined) return { kind: header.kind, size: header.size, depth: 0, baseSize: 0 };
    const { sourceSize, targetSize } = this.deltaHeader(header);
    return { size: targetSize, baseSize: sourceSize, ...this.#follow(header) };
  }

  #follow(delta: EntryHeader): Root {
    const entries = this.#entries;
    const seen = new Set<number>();
    let link = delta;
    let known = this.#known.get(delta.offset);
    while (known === undefined && link.kind === undefined) {
      if (seen.size === MAX_CHAIN) throw tooDeep(entries.at(delta));
      seen.add(link.offset);
      link = entries.header(entries.baseOf(link, seen));
      known = this.#known.get(link.offset);
    }
    const kind = known?.kind ?? (link.kind as ObjectKind);
    const depth = seen.size + (known?.depth ?? 0);
    if (depth > MAX_CHAIN) throw tooDeep(entries.at(delta));
    this.#record(seen, kind, depth);
    return { kind, depth };
  }

  #record(links: ReadonlySet<number>, kind: ObjectKind, depth: number): void {
    if (links.size <= STRIDE) return;
    if (this.#known.size > MOST) this.#known.clear();
    let passed = 0;
    for (const link of links) {
      if (passed > 0 && passed % STRIDE === 0) this.#known.set(link, { kind, depth: depth - passed });
      passed++;
    }
  }

  /** The header of a delta: what it is applied to, and what it makes. @throws {InvalidImageError} */
  deltaHeader(delta: EntryHeader): DeltaHeader {
    const start = Buffer.alloc(MAX_DELTA_HEADER);
    let filled = 0;
    const take = (piece: Uint8Array) => {
      const taken = piece.subarray(0, MAX_DELTA_HEADER - filled);
      start.set(taken, filled);
      filled += taken.length;
      return filled < MAX_DELTA_HEADER;
    };
    this.#entries.inflatePieces(delta, take, MAX_DELTA_HEADER);
    try {
      return decodeDeltaHeader(start, filled);
    } catch (cause) {
      throw deltaFault(cause, this.#entries.at(delta));
    }
  }
}

/**
 * A `DeltaError` as the fault of the entry that lies at byte `offset` of the image; any other error as it is.
 */
export function deltaFault(cause: unknown, offset: number): unknown {
  if (!(cause instanceof DeltaError)) return cause;
  return new InvalidImageError("pack-delta", cause.message, { offset }, { cause });
}

/** The fault of a delta at byte `offset` of the image whose chain is too long. */
export function tooDeep(offset: number): InvalidImageError {
  const what = `a chain has more than ${MAX_CHAIN} deltas, the most that git makes`;
  return new InvalidImageError("pack-base", what, { offset });
}

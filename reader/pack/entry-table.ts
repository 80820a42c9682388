import type { ObjectKind } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { type EntryHeader, KINDS, OFS_DELTA, REF_DELTA } from "./format.ts";

/** Bytes that an entry takes in each of the columns, beside its id. */
const WIDTHS = { offsets: 8, crcs: 4, lowSizes: 4, highSizes: 2, types: 1 } as const;

/** How a delta names its base: an offset in the PACK, or a raw id. */
export type BaseReference = number | Uint8Array;

/**
 * What is known of the entries of a PACK, in the order of the PACK: 39 bytes an entry by SHA-1, 51 by SHA-256,
 * in one piece of memory that threads may share. The id of a delta is not known before the delta is applied:
 * until then its slot holds the reference to the base.
 */
export class EntryTable {
  readonly count: number;
  /** How the objects are named. */
  readonly format: ObjectFormat;
  readonly memory: ArrayBufferLike;
  /**
   * Offsets from the start of the PACK, ascending; one more than there are entries, the last being the
   * trailer's.
   */
  readonly offsets: Float64Array;
  /** CRC-32 of each entry as it lies in the PACK, header and all. */
  readonly crcs: Uint32Array;
  /** Raw ids, one after the other. */
  readonly ids: Buffer;
  /** Bits 0 to 31 of the sizes, and bits 32 to 47. */
  readonly #lowSizes: Uint32Array;
  readonly #highSizes: Uint16Array;
  readonly #types: Uint8Array;
  readonly #idLength: number;
  readonly #references: DataView;

  /** @param existing memory of a table of as many entries; default: new memory, zeroed. */
  constructor(count: number, format: ObjectFormat, existing?: ArrayBufferLike) {
    const { idLength } = format;
    this.count = count;
    this.format = format;
    this.#idLength = idLength;
    const memory = existing ?? new ArrayBuffer(EntryTable.byteLength(count, format));
    this.memory = memory;
    let start = 0;
    const next = (width: number, length = count) => {
      const at = start;
      start += width * length;
      return at;
    };
    this.offsets = new Float64Array(memory, next(WIDTHS.offsets, count + 1), count + 1);
    this.crcs = new Uint32Array(memory, next(WIDTHS.crcs), count);
    this.#lowSizes = new Uint32Array(memory, next(WIDTHS.lowSizes), count);
    this.#highSizes = new Uint16Array(memory, next(WIDTHS.highSizes), count);
    const ids = next(idLength);
    this.ids = Buffer.from(memory as ArrayBuffer, ids, count * idLength);
    this.#references = new DataView(memory, ids, count * idLength);
    this.#types = new Uint8Array(memory, next(WIDTHS.types), count);
  }

  /** Bytes of memory for so many entries. */
  static byteLength(count: number, { idLength }: ObjectFormat): number {
    return WIDTHS.offsets + count * Object.values(WIDTHS).reduce((sum, width) => sum + width, idLength);
  }

  /** Notes what an entry's header says. */
  set(entry: number, { offset, kind, size, baseOffset, baseId }: EntryHeader): void {
    this.offsets[entry] = offset;
    this.setSize(entry, size);
    if (kind !== undefined) this.#types[entry] = KINDS.indexOf(kind);
    else if (baseId !== undefined) {
      this.#types[entry] = REF_DELTA;
      this.ids.set(baseId, entry * this.#idLength);
    } else {
      this.#types[entry] = OFS_DELTA;
      this.#references.setFloat64(entry * this.#idLength, baseOffset as number);
    }
  }

  /** Notes the bytes of an object, as far as 48 bits can. */
  setSize(entry: number, size: number): void {
    const known = Math.min(size, 2 ** 48 - 1);
    this.#lowSizes[entry] = known;
    this.#highSizes[entry] = Math.floor(known / 2 ** 32);
  }

  /** Notes what a delta makes. */
  resolve(entry: number, kind: ObjectKind, size: number, id: Uint8Array): void {
    this.#types[entry] = KINDS.indexOf(kind);
    this.setSize(entry, size);
    this.ids.set(id, entry * this.#idLength);
  }

  /** As `resolve`, by an id each byte of which is a character. */
  resolveById(entry: number, kind: ObjectKind, size: number, id: string): void {
    this.#types[entry] = KINDS.indexOf(kind);
    this.setSize(entry, size);
    const start = entry * this.#idLength;
    for (let i = 0; i < this.#idLength; i++) this.ids[start + i] = id.charCodeAt(i);
  }

  /** The kind of an object; undefined for a delta until it is resolved. */
  kind(entry: number): ObjectKind | undefined {
    return KINDS[this.#types[entry] as number];
  }

  /** Bytes of an object; of a delta that is not resolved, those of the object that it claims to make. */
  size(entry: number): number {
    return (this.#highSizes[entry] as number) * 2 ** 32 + (this.#lowSizes[entry] as number);
  }

  /**
   * The base of a delta that is not resolved; undefined of any other entry. The raw id is good until it is.
   */
  base(entry: number): BaseReference | undefined {
    const type = this.#types[entry] as number;
    if (type === OFS_DELTA) return this.#references.getFloat64(entry * this.#idLength);
    return type === REF_DELTA ? this.id(entry) : undefined;
  }

  /** An object's raw id, a view. */
  id(entry: number): Uint8Array {
    return this.ids.subarray(entry * this.#idLength, (entry + 1) * this.#idLength);
  }

  /** Below zero, zero or above as the id of `a` comes before that of `b`, is the same or comes after it. */
  compareIds(a: number, b: number): number {
    const length = this.#idLength;
    const [startA, startB] = [a * length, b * length];
    return this.ids.compare(this.ids, startB, startB + length, startA, startA + length);
  }

  /** The entry that begins at an offset; undefined if none does. */
  entryAt(offset: number): number | undefined {
    const { offsets, count } = this;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((offsets[middle] as number) < offset) low = middle + 1;
      else high = middle;
    }
    return low < count && offsets[low] === offset ? low : undefined;
  }
}

import type { ObjectKind } from "../git/object.ts";
import { ID_LENGTH } from "../git/object-id.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { ScannedPack } from "./scan.ts";

/** What is known of one entry of a PACK once it has been analyzed. */
export interface AnalyzedEntry {
  /** Offset from the start of the PACK. */
  readonly offset: number;
  /** Bytes in the PACK, header and all. */
  readonly packedSize: number;
  readonly kind: ObjectKind;
  /** Bytes of the object. */
  readonly size: number;
  /** CRC-32 of the entry as it lies in the PACK. */
  readonly crc: number;
  /** The computed raw id. */
  readonly id: Uint8Array;
  /** Deltas between it and an object that is stored whole. */
  readonly depth: number;
}

/** All that a PACK says about itself; serves where an IDX is missing or not to be trusted. */
export class PackAnalysis implements ObjectIndex {
  readonly count: number;
  /** Bytes of the PACK, trailer and all. */
  readonly size: number;
  /** The SHA-1 that the PACK ends with, proved. */
  readonly trailer: Uint8Array;
  readonly #scanned: ScannedPack;
  readonly #depths: Uint32Array;
  /** Entries in the order of their ids. */
  readonly #byId: Uint32Array;

  constructor(scanned: ScannedPack, depths: Uint32Array) {
    this.#scanned = scanned;
    this.#depths = depths;
    this.count = scanned.count;
    this.size = (scanned.offsets[scanned.count] as number) + ID_LENGTH;
    this.trailer = scanned.trailer;
    this.#byId = this.#sorted();
  }

  find(ids: Uint8Array, start = 0): number | undefined {
    const id = ids.subarray(start, start + ID_LENGTH);
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#byId[middle] as number;
      const difference = Buffer.compare(this.#id(entry), id);
      if (difference === 0) return this.#scanned.offsets[entry];
      if (difference < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  /** All entries, in the order of their ids as an IDX has them. */
  *entries(): Generator<AnalyzedEntry> {
    const { offsets, kinds, sizes, crcs } = this.#scanned;
    for (const entry of this.#byId) {
      const offset = offsets[entry] as number;
      yield {
        offset,
        packedSize: (offsets[entry + 1] as number) - offset,
        kind: kinds[entry] as ObjectKind,
        size: sizes[entry] as number,
        crc: crcs[entry] as number,
        id: this.#id(entry),
        depth: this.#depths[entry] as number,
      };
    }
  }

  #sorted(): Uint32Array {
    const { count, ids } = this.#scanned;
    const buffer = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength);
    // Ids are as good as random: their first bytes as a number tell nearly all of them apart.
    const starts = Float64Array.from({ length: count }, (_, entry) =>
      buffer.readUIntBE(entry * ID_LENGTH, 6),
    );
    return Uint32Array.from({ length: count }, (_, entry) => entry).sort(
      (a, b) =>
        (starts[a] as number) - (starts[b] as number) || Buffer.compare(this.#id(a), this.#id(b)) || a - b,
    );
  }

  #id(entry: number): Uint8Array {
    return this.#scanned.ids.subarray(entry * ID_LENGTH, (entry + 1) * ID_LENGTH);
  }
}

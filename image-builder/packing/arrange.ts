import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { crc32 } from "../../reader/node-platform.ts";
import {
  decodeEntryHeader,
  type EntryHeader,
  encodeEntryHeader,
  maxEntryHeader,
} from "../../reader/pack/format.ts";
import { EventLoopYield } from "../event-loop.ts";
import { descent } from "./descent.ts";
import { writeIdxFile } from "./idx-file.ts";
import type { PackFiles } from "./pack-objects.ts";
import { PackWriter, type WriteAt } from "./pack-writer.ts";
import { SourceEntries } from "./source-entries.ts";
import { SourcePacks } from "./source-packs.ts";

/** Bytes of an entry read at a time. */
const CHUNK = 256 * 1024;

export interface ArrangeOptions {
  /** How the objects are named. */
  readonly format: ObjectFormat;
  /** The commit's id, hexadecimal. */
  readonly commit: string;
  /** An existing folder for the IDX and for what is needed on the way to it. */
  readonly folder: string;
  /** Called with the bytes written so far, and how many there are, give or take a few for each delta. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A PACK that was written in docteur's order. */
export interface ArrangedPack {
  /** Bytes, the trailer included. */
  readonly packBytes: number;
  /** A file with its IDX. */
  readonly idx: string;
}

/**
 * Writes the objects of several PACKs as one, in the order of `descent`, so that a reader finds together what
 * it reads together. The base of a delta comes before it, right before the first delta that needs it if not
 * on its own. Entries move whole: the zlib streams are copied. Deltas give their base by offset. The same
 * sources give the same PACK. The sources' IDXs are deleted.
 *
 * @param sources no object is in two of them; the base of a delta is in the same.
 * @throws {Error} what `fs` and `writeAt` throw; the signal's reason when aborted.
 */
export async function arrange(
  sources: readonly PackFiles[],
  { format, commit, folder, onProgress, signal }: ArrangeOptions,
  writeAt: WriteAt,
): Promise<ArrangedPack> {
  using packs = new SourcePacks(
    sources.map(({ pack }) => pack),
    format,
  );
  const ids = join(folder, "ids");
  const idxs = sources.map(({ idx }) => idx);
  using entries = new SourceEntries(idxs, packs.ends, ids, format);
  for (const idx of idxs) rmSync(idx);
  const eventLoop = new EventLoopYield(signal);
  const arrangement = new Arrangement(entries, packs, format, writeAt);
  const total = packs.ends.reduce((sum, end) => sum + end, 0);
  for (const entry of descent(entries, packs, commit)) {
    arrangement.add(entry);
    if (!eventLoop.isDue) continue;
    onProgress?.(Math.min(arrangement.bytes, total), total);
    await eventLoop.yield();
  }
  const trailer = arrangement.end();
  const { bytes } = arrangement;
  onProgress?.(bytes, bytes);
  const idx = join(folder, "image.idx");
  arrangement.writeIdx(idx, trailer);
  rmSync(ids);
  return { packBytes: bytes, idx };
}

/** The new PACK while it is written. Memory is 12 bytes an entry. */
class Arrangement {
  readonly #format: ObjectFormat;
  readonly #entries: SourceEntries;
  readonly #packs: SourcePacks;
  readonly #writer: PackWriter;
  /** Where each entry lies in the new PACK; 0 before it does. */
  readonly #offsets: Float64Array;
  readonly #crcs: Uint32Array;
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK);
  /** The entry whose start is in `#chunk`. */
  #loaded: number | undefined;

  constructor(entries: SourceEntries, packs: SourcePacks, format: ObjectFormat, writeAt: WriteAt) {
    this.#format = format;
    this.#entries = entries;
    this.#packs = packs;
    this.#writer = new PackWriter(entries.count, format, writeAt);
    this.#offsets = new Float64Array(entries.count);
    this.#crcs = new Uint32Array(entries.count);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#writer.offset;
  }

  /** Writes an entry, unless it is written, and before it the bases that are not. */
  add(entry: number): void {
    // Not by recursion: chains may be long. Most entries are no deltas, or their base is written.
    const chain: number[] = [];
    for (let next: number | undefined = entry; next !== undefined && this.#offsets[next] === 0; ) {
      if (chain.push(next) > this.#entries.count) throw new Error("a chain of deltas leads back to itself");
      next = this.#base(next, this.#header(next));
    }
    for (let at = chain.length - 1; at >= 0; at--) this.#copy(chain[at] as number);
  }

  /** @returns the PACK's trailer. */
  end(): Uint8Array {
    return this.#writer.end();
  }

  writeIdx(path: string, trailer: Uint8Array): void {
    const entries = this.#entries;
    writeIdxFile(path, {
      format: this.#format,
      count: entries.count,
      firstByteAt: (index: number) => entries.idAt(index)[0] as number,
      copyId: (index: number, into: Uint8Array, at: number) => into.set(entries.idAt(index), at),
      crcAt: (index: number) => this.#crcs[entries.entryAt(index)] as number,
      offsetAt: (index: number) => this.#offsets[entries.entryAt(index)] as number,
      trailer,
    });
  }

  /** Reads the start of an entry into `#chunk`. */
  #header(entry: number): EntryHeader {
    const offset = this.#entries.offset(entry);
    const length = Math.min(CHUNK, this.#entries.byteLength(entry));
    if (this.#loaded !== entry) {
      this.#packs.read(this.#entries.source(entry), offset, length, this.#chunk);
      this.#loaded = entry;
    }
    const end = Math.min(length, maxEntryHeader(this.#format));
    return decodeEntryHeader(this.#chunk, offset, 0, this.#format, 0, end);
  }

  /** The entry that a delta is built on. */
  #base(entry: number, { kind, baseOffset, baseId }: EntryHeader): number | undefined {
    if (kind !== undefined) return undefined;
    const source = this.#entries.source(entry);
    const base =
      baseId === undefined ? this.#entries.at(source, baseOffset as number) : this.#entries.find(baseId);
    if (base === undefined) throw new Error("the base of a delta is not in its PACK");
    return base;
  }

  #copy(entry: number): void {
    const header = this.#header(entry);
    const base = this.#base(entry, header);
    const { kind, size } = header;
    const offset = this.#writer.offset;
    const encoded = encodeEntryHeader(
      kind === undefined
        ? { size, offset, baseOffset: this.#offsets[base as number] as number }
        : { size, kind },
    );
    this.#writer.append(encoded);
    let crc = crc32(encoded);
    const length = this.#entries.byteLength(entry);
    for (let done = 0; done < length; done += CHUNK) {
      const count = Math.min(CHUNK, length - done);
      // The first chunk is there.
      if (done > 0) {
        this.#packs.read(this.#entries.source(entry), header.offset + done, count, this.#chunk);
        this.#loaded = undefined;
      }
      const stream = this.#chunk.subarray(done === 0 ? header.dataOffset - header.offset : 0, count);
      this.#writer.append(stream);
      crc = crc32(stream, crc);
    }
    this.#offsets[entry] = offset;
    this.#crcs[entry] = crc;
  }
}

import { type BlockDevice, startOfSectors } from "../../reader/block/device.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import type { Source } from "../source.ts";

const SECTOR_SIZE = 512;

/** Bytes that are fetched at a time, and how many of them lie before those that are missing: a footer does. */
const FETCHED = 32 * 1024;
const BEFORE = 4 * 1024;

/** Requests after which it is no inspection any more. */
const MOST_REQUESTS = 64;

/** Bytes of a source, from `offset` on. */
interface Part {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * Does work that reads a device with the bytes of a source. Whenever some are missing, it fetches these, and
 * begins the work anew: for work that reads a few of them, and begins each time from nothing.
 *
 * @throws {SourceError} what reading the source throws; what `work` throws.
 */
export async function withSparseDevice<Result>(
  source: Source,
  work: (device: BlockDevice) => Result,
  signal?: AbortSignal,
): Promise<Result> {
  const device = new SparseDevice(source.size, [{ offset: 0, bytes: source.start }]);
  for (let requests = 0; ; requests++) {
    const outcome = attempt(() => work(device));
    const missing = device.takeMissing();
    // Whatever came of it, it did not have what it wanted.
    if (missing === undefined) return outcome();
    if (requests === MOST_REQUESTS) throw new InvalidImageError("device", "it is read from too many places");
    const offset = Math.max(0, missing.offset - BEFORE);
    const length = Math.min(Math.max(FETCHED, missing.end - offset), source.size - offset);
    device.add({ offset, bytes: await source.read(offset, length, signal) });
  }
}

function attempt<Result>(work: () => Result): () => Result {
  try {
    const result = work();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** A device that has some of its bytes. */
class SparseDevice implements BlockDevice {
  readonly sectorSize = SECTOR_SIZE;
  readonly sectorCount: number;
  readonly size: number;
  readonly #parts: Part[];
  #missing: { readonly offset: number; readonly end: number } | undefined;

  constructor(size: number, parts: readonly Part[]) {
    this.size = size;
    this.sectorCount = Math.ceil(size / SECTOR_SIZE);
    this.#parts = [...parts];
  }

  add(part: Part): void {
    this.#parts.push(part);
  }

  /** What was read first of what is not there; undefined if all that was read is. */
  takeMissing(): { readonly offset: number; readonly end: number } | undefined {
    const missing = this.#missing;
    this.#missing = undefined;
    return missing;
  }

  readSectors(first: number, into: Uint8Array): void {
    const start = startOfSectors(this, first, into, "the image");
    const end = Math.min(this.size, start + into.length);
    let at = start;
    while (at < end) {
      const part = this.#parts.find(({ offset, bytes }) => offset <= at && at < offset + bytes.length);
      if (part === undefined) {
        this.#missing ??= { offset: at, end };
        throw new InvalidImageError("device", "these bytes are not fetched yet", { offset: at });
      }
      const piece = part.bytes.subarray(at - part.offset, end - part.offset);
      into.set(piece, at - start);
      at += piece.length;
    }
    into.fill(0, end - start);
  }

  close(): void {}
}

import { ID_LENGTH } from "../../git/object-id.ts";
import type { Objects } from "../../pack/objects.ts";
import { LEFT, UNREAD } from "./batch.ts";
import type { BatchReader } from "./readers.ts";

/** A blob wanted, by its raw id, and later its content. */
export class Wanted {
  readonly id: Uint8Array;
  /** Undefined until it is read, and for good if it is left to whoever wants it. */
  content: Uint8Array | undefined;
  /** Whether it was its turn in a batch. */
  tried = false;

  constructor(id: Uint8Array) {
    this.id = id;
  }
}

/** Blobs whose contents lie near each other in the PACK, read by one reader. */
interface Job {
  readonly wanted: Wanted[];
  readonly slabs: ArrayBuffer[];
  reading: Promise<void>;
}

/**
 * Reads many blobs with several readers at once, in windows: a window's blobs are dealt out in the order of the PACK, so
 * that deltas find their bases at hand, and given back in the order they were asked for. While one window is taken, the
 * next is read.
 *
 * Memory holds two windows, and of each no more than `JOBS_PER_READER` batches a reader. Large blobs are left to the one
 * who takes the values, who then reads while the readers read ahead.
 */
export class BulkRead {
  readonly #objects: Objects;
  readonly #idle: BatchReader[];
  readonly #waiting: ((reader: BatchReader) => void)[] = [];
  readonly #readers: readonly BatchReader[];
  readonly #spare: ArrayBuffer[] = [];

  constructor(objects: Objects, readers: readonly BatchReader[]) {
    this.#objects = objects;
    this.#readers = readers;
    this.#idle = [...readers];
  }

  /** Blobs in a window. */
  static readonly WINDOW = 256;

  /** Starts to read a window. */
  start(window: readonly Wanted[]): Window {
    const placed = window
      .map((wanted) => ({ wanted, place: this.#objects.place(wanted.id) ?? 0 }))
      .sort((a, b) => a.place - b.place)
      .map(({ wanted }) => wanted);
    const size = Math.max(SMALLEST_JOB, Math.ceil(placed.length / (this.#readers.length * JOBS_PER_READER)));
    const jobs: Job[] = [];
    for (let i = 0; i < placed.length; i += size) jobs.push(this.#job(placed.slice(i, i + size)));
    return new Window(jobs, this);
  }

  #job(wanted: Wanted[]): Job {
    const job: Job = { wanted, slabs: [], reading: Promise.resolve() };
    this.readOn(job);
    return job;
  }

  /** Reads the blobs of a job that did not fit in the batch before. */
  readOn(job: Job): void {
    job.reading = this.#readBatch(job);
    // Whoever awaits it gets the error; nobody may, when the consumer has stopped early.
    job.reading.catch(() => {});
  }

  async #readBatch(job: Job): Promise<void> {
    const wanted = job.wanted.filter(({ tried }) => !tried);
    const ids = new Uint8Array(wanted.length * ID_LENGTH);
    wanted.forEach(({ id }, i) => {
      ids.set(id, i * ID_LENGTH);
    });
    const reader = this.#idle.pop() ?? (await new Promise<BatchReader>((free) => this.#waiting.push(free)));
    try {
      const { slabs, spare, places } = await reader.read({ ids, spare: this.#spare.splice(0, SPARE_SLABS) });
      wanted.forEach((one, i) => {
        const slab = places[i * 3] as number;
        if (slab === UNREAD) return;
        one.tried = true;
        if (slab === LEFT) return;
        const start = places[i * 3 + 1] as number;
        one.content = new Uint8Array(
          slabs[slab] as ArrayBuffer,
          start,
          (places[i * 3 + 2] as number) - start,
        );
      });
      job.slabs.push(...slabs);
      this.#spare.push(...spare);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(reader);
      else next(reader);
    }
  }

  /** Takes back the memory of a window whose contents nobody looks at any more. */
  recycle(slabs: readonly ArrayBuffer[]): void {
    this.#spare.push(...slabs.slice(0, MAX_SPARE - this.#spare.length));
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }
}

/** Blobs being read. */
export class Window {
  readonly #jobs: ReadonlyMap<Wanted, Job>;
  readonly #bulk: BulkRead;

  constructor(jobs: readonly Job[], bulk: BulkRead) {
    this.#jobs = new Map(jobs.flatMap((job) => job.wanted.map((wanted) => [wanted, job] as const)));
    this.#bulk = bulk;
  }

  /** Waits until one blob of the window has been tried. Its content then is good until `release`. */
  async wait(wanted: Wanted): Promise<void> {
    const job = this.#jobs.get(wanted) as Job;
    await job.reading;
    while (!wanted.tried) {
      this.#bulk.readOn(job);
      await job.reading;
    }
  }

  /** Gives the contents' memory back. */
  release(): void {
    this.#bulk.recycle([...new Set(this.#jobs.values())].flatMap(({ slabs }) => slabs));
  }
}

const JOBS_PER_READER = 2;
const SMALLEST_JOB = 16;
const SPARE_SLABS = 2;
const MAX_SPARE = 8;

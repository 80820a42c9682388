import { type Batch, UNREAD } from "./batch.ts";

/** What somebody wants: a blob by its raw id, or nothing, where there is no such blob and only the turn is to be kept. */
export interface Ask {
  readonly id?: Uint8Array | undefined;
}

/** Some of what is wanted, in order, and the batch that it is read with. */
export class Job<Wanted extends Ask> {
  #asks: Wanted[];
  /** Set once it is being read; `LEFT_ALONE` if it is not read as a batch at all. */
  batch: Batch | typeof LEFT_ALONE | undefined;
  /** Where on the board the batch is posted; undefined if it is read here. */
  slot: number | undefined;
  #cut = false;

  constructor(asks: Wanted[]) {
    this.#asks = asks;
  }

  /** The raw ids of the blobs. */
  get ids(): Uint8Array[] {
    return this.#asks.map(({ id }) => id).filter((id) => id !== undefined);
  }

  /**
   * Parts with what did not fit in the batch, which must have been read: in jobs of as many as did fit, since what comes is
   * likely as large. None if all did, or that is done already.
   */
  cut(): Job<Wanted>[] {
    if (this.#cut || typeof this.batch !== "object") return [];
    this.#cut = true;
    const { places } = this.batch;
    let blob = 0;
    const end = this.#asks.findIndex(({ id }) => id !== undefined && places[blob++ * 2] === UNREAD);
    if (end === -1) return [];
    const rest = this.#asks.splice(end);
    const jobs: Job<Wanted>[] = [];
    while (rest.length > 0) jobs.push(new Job(rest.splice(0, Math.max(1, end))));
    return jobs;
  }

  /**
   * What was wanted and its content. There is none where the blob is too large for a batch, or cannot be read: whoever wants
   * it may read it alone.
   */
  *contents(): Generator<{ readonly ask: Wanted; readonly content: Uint8Array | undefined }> {
    let blob = 0;
    for (const ask of this.#asks) {
      yield { ask, content: ask.id && this.#content(blob++) };
    }
  }

  #content(blob: number): Uint8Array | undefined {
    if (typeof this.batch !== "object") return undefined;
    const start = this.batch.places[blob * 2]!;
    return start < 0 ? undefined : this.batch.memory.subarray(start, this.batch.places[blob * 2 + 1]);
  }
}

/** In place of a batch: every blob is read alone by the one who wants it. */
export const LEFT_ALONE = "left alone";

import { type Batch, TOO_LARGE, UNREAD } from "./batch.ts";

/** What somebody wants: a blob by its raw id, or nothing, where there is no such blob and only the turn is to be kept. */
export interface Ask {
  readonly id?: Uint8Array | undefined;
}

/** The batch that a job needs: any, a large one, of which the board has one, or the largest, which no thread reads. */
export type Room = "any" | "large" | "largest";

/** Some of what is wanted, in order, and the batch that it is read with. */
export class Job<Wanted extends Ask> {
  #asks: Wanted[];
  /** Set once it is being read; `LEFT_ALONE` if it is not read as a batch at all. */
  batch: Batch | typeof LEFT_ALONE | undefined;
  /** Where on the board the batch is posted; undefined if it is read here. */
  slot: number | undefined;
  #cut = false;
  #room: Room = "any";

  constructor(asks: Wanted[]) {
    this.#asks = asks;
  }

  /** What batch it needs. */
  get room(): Room {
    return this.#room;
  }

  /** The raw ids of the blobs. */
  get ids(): Uint8Array[] {
    return this.#asks.map(({ id }) => id).filter((id) => id !== undefined);
  }

  /**
   * Parts with what did not fit in the batch, which must have been read: in jobs of as many as did fit, since what comes is
   * likely as large, or in one if none did. No jobs if everything fitted, or that is done already.
   */
  cut(): Job<Wanted>[] {
    if (this.#cut || typeof this.batch !== "object") return [];
    this.#cut = true;
    const { places } = this.batch;
    let blob = 0;
    const end = this.#asks.findIndex(({ id }) => id !== undefined && places[blob++ * 2] === UNREAD);
    if (end === -1) return [];
    const rest = this.#asks.splice(end);
    const length = places[0] === TOO_LARGE ? rest.length : Math.max(1, end);
    const jobs: Job<Wanted>[] = [];
    while (rest.length > 0) jobs.push(new Job(rest.splice(0, length)));
    return jobs;
  }

  /** Whether it was read with too small a batch for its first blob; all others are cut off then. */
  get needsMoreRoom(): boolean {
    if (typeof this.batch !== "object" || this.batch.places[0] !== TOO_LARGE) return false;
    return this.slot !== undefined || this.#room === "any";
  }

  /** To be read again, with a larger batch. The batch that it had must have been released. */
  enlarge(): void {
    this.#room = this.#room === "any" ? "large" : "largest";
    this.batch = undefined;
    this.slot = undefined;
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

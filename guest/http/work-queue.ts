import { DocteurError } from "../../reader/errors.ts";

/** Pieces of work that wait at most. */
const MAX_WAITING = 16;

/** Does one piece of work after the other. */
export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Does it when those before are done. @throws {DocteurError} `QUEUE_FULL`, if too many wait; and what the work throws. */
  async add<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting === MAX_WAITING)
      throw new DocteurError("QUEUE_FULL", "too many large files are being made");
    this.#waiting++;
    const done = this.#last.then(work).finally(() => this.#waiting--);
    this.#last = done.catch(() => {});
    return done;
  }
}

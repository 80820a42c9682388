import { DocteurError } from "../../reader/errors.ts";

/** The most tasks that wait. */
const MAX_WAITING = 16;

/** Runs one task after the other. */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /**
   * Runs a task after those before it.
   * @throws {DocteurError} `QUEUE_FULL`, if too many wait; and what the task throws.
   */
  async add<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting === MAX_WAITING)
      throw new DocteurError("QUEUE_FULL", "too many large files are waiting to be read");
    this.#waiting++;
    const done = this.#last.then(work).finally(() => this.#waiting--);
    this.#last = done.catch(() => {});
    return done;
  }
}

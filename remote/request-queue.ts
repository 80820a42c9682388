/** Work that waits for its turn. */
export interface Queued {
  /** Has it start before all that is not urgent. */
  hurry(): void;
}

/** Requests that read ahead leave so many for those that somebody waits for. */
const RESERVED = 2;

/** Runs a bounded number of requests at once: first those that somebody waits for. */
export class RequestQueue {
  readonly #limit: number;
  readonly #urgent = new Set<() => Promise<void>>();
  readonly #others = new Set<() => Promise<void>>();
  #running = 0;

  /** @param limit how many at once; 1 or more. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param work must not reject. */
  add(work: () => Promise<void>, urgent: boolean): Queued {
    (urgent ? this.#urgent : this.#others).add(work);
    this.#startNext();
    return {
      hurry: () => {
        if (!this.#others.delete(work)) return;
        this.#urgent.add(work);
        this.#startNext();
      },
    };
  }

  #startNext(): void {
    for (;;) {
      const [first] = this.#running < this.#limit ? this.#urgent : [];
      const [next] =
        first === undefined && this.#running < Math.max(1, this.#limit - RESERVED) ? this.#others : [first];
      if (next === undefined) return;
      this.#urgent.delete(next);
      this.#others.delete(next);
      this.#running++;
      void next().finally(() => {
        this.#running--;
        this.#startNext();
      });
    }
  }
}

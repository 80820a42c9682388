/**
 * Counts the memory that responses take until their clients have read them, each content once however many
 * responses send it: clients that do not read must not fill the machine.
 */
export class MemoryBudget {
  readonly #limit: number;
  readonly #users = new Map<object, number>();
  #bytes = 0;

  /** @param limit bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether so many more bytes fit. Any number fits when nothing is taken. */
  fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#limit;
  }

  /**
   * Takes memory for something, once for all who take it.
   * @param bytes the same number each time.
   * @returns a function that releases it; call it once.
   */
  take(what: object, bytes: number): () => void {
    const users = this.#users.get(what) ?? 0;
    if (users === 0) this.#bytes += bytes;
    this.#users.set(what, users + 1);
    return () => {
      const left = this.#users.get(what)! - 1;
      if (left > 0) this.#users.set(what, left);
      else if (this.#users.delete(what)) this.#bytes -= bytes;
    };
  }
}

/**
 * Counts the memory that answers on their way keep, each content once however many answers it is in: clients that do not
 * read must not fill the machine.
 */
export class HeldMemory {
  readonly #limit: number;
  readonly #holders = new Map<object, number>();
  #bytes = 0;

  /** @param limit bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether so many more bytes may be held. What is asked for when nothing is held always may. */
  hasRoom(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#limit;
  }

  /** Notes that somebody holds something of so many bytes; the function that it gives ends that. */
  hold(what: object, bytes: number): () => void {
    const holders = this.#holders.get(what) ?? 0;
    if (holders === 0) this.#bytes += bytes;
    this.#holders.set(what, holders + 1);
    return () => {
      const left = this.#holders.get(what)! - 1;
      if (left > 0) this.#holders.set(what, left);
      else if (this.#holders.delete(what)) this.#bytes -= bytes;
    };
  }
}

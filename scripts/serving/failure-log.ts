/** Writes a line for a failure, but not again as long as the same failure recurs. */
export class FailureLog {
  readonly #write: (line: string) => void;
  #last: string | undefined;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  report(line: string): void {
    // Times and counts in it differ at each failure.
    const kind = line.replace(/\d+/g, "0");
    if (kind !== this.#last) this.#write(line);
    this.#last = kind;
  }

  /** The next failure is a new one. */
  clear(): void {
    this.#last = undefined;
  }
}

/**
 * The program's standard input. It asks for a piece only when a reader waits and none has arrived, and once
 * for all readers that wait: it holds at most one answer.
 */
export class Stdin implements AsyncIterable<Uint8Array> {
  readonly #ask: () => void;
  readonly #pieces: Uint8Array[] = [];
  #ended = false;
  /** Resolves the wait of all readers at the next answer. */
  #answered: PromiseWithResolvers<void> | undefined;

  /** @param ask asks for a piece; `push` or `end` must follow. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** Takes the answer: a piece. */
  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#release();
  }

  /** Takes the answer: the end. */
  end(): void {
    this.#ended = true;
    this.#release();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      while (this.#pieces.length === 0 && !this.#ended) await this.#answer();
      const piece = this.#pieces.shift();
      if (piece === undefined) return;
      yield piece;
    }
  }

  #answer(): Promise<void> {
    if (this.#answered === undefined) {
      this.#answered = Promise.withResolvers();
      const { promise } = this.#answered;
      this.#ask();
      return promise;
    }
    return this.#answered.promise;
  }

  #release(): void {
    this.#answered?.resolve();
    this.#answered = undefined;
  }
}

/**
 * The program's standard input. Asks for a piece only when the program waits for one and none is here, once for however many
 * wait, so that no more is held than one answer brings.
 */
export class Stdin implements AsyncIterable<Uint8Array> {
  readonly #ask: () => void;
  readonly #pieces: Uint8Array[] = [];
  #ended = false;
  /** What those wait for who found nothing here. */
  #answered: PromiseWithResolvers<void> | undefined;

  /** @param ask called when a piece is wanted; `push` or `end` must follow. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** Answers with a piece. */
  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#release();
  }

  /** Answers that there is no more. */
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

/**
 * The program's standard input. Asks for a piece only when the program waits for one and none is here, so that no more
 * is held than one answer brings.
 */
export class Stdin implements AsyncIterable<Uint8Array> {
  readonly #ask: () => void;
  readonly #pieces: Uint8Array[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  /** @param ask called when a piece is wanted; `push` or `end` must follow. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** Answers with a piece. */
  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#wake?.();
  }

  /** Answers that there is no more. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#pieces.length === 0 && !this.#ended) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          this.#ask();
        });
      }
      const piece = this.#pieces.shift();
      if (piece !== undefined) yield piece;
      else if (this.#ended) return;
    }
  }
}

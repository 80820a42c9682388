/** Asks a program to end. As on Unix, a program without a handler is ended at once. */
export class Stop {
  /** Undefined as long as the program has not taken its signal. */
  #controller: AbortController | undefined;

  /** Returns the program's signal. The program must then end by itself. */
  take(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /**
   * Aborts the program's signal, with the name as the reason.
   * @returns false if the program never took it.
   */
  ask(name: string): boolean {
    this.#controller?.abort(name);
    return this.#controller !== undefined;
  }
}

/** How a program is asked to end: as under Unix, one that does not care for signals is simply ended. */
export class Stop {
  readonly #controller = new AbortController();
  #taken = false;

  /** The signal for the program, which from now on ends by itself. */
  take(): AbortSignal {
    this.#taken = true;
    return this.#controller.signal;
  }

  /** Aborts the program's signal, with the name as the reason. @returns false if the program never took it. */
  ask(name: string): boolean {
    this.#controller.abort(name);
    return this.#taken;
  }
}

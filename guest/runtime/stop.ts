/** How a program is asked to end: as under Unix, one that does not care for signals is simply ended. */
export class Stop {
  /** Most programs do not care, and end without one. */
  #controller: AbortController | undefined;

  /** The signal for the program, which from now on ends by itself. */
  take(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** Aborts the program's signal, with the name as the reason. @returns false if the program never took it. */
  ask(name: string): boolean {
    this.#controller?.abort(name);
    return this.#controller !== undefined;
  }
}

/** Ends the waits of a loop. A call while nothing waits ends the next wait at once. */
export class Wake {
  #isSet = false;
  #resume: (() => void) | undefined;

  set(): void {
    this.#isSet = true;
    this.#resume?.();
  }

  /** Resolves after so many milliseconds, at a call of `set`, or when the signal is aborted. */
  async wait(milliseconds: number | undefined, signal: AbortSignal): Promise<void> {
    if (!this.#isSet && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      this.#resume = resolve;
      signal.addEventListener("abort", resolve as () => void);
      await promise;
      signal.removeEventListener("abort", resolve as () => void);
      this.#resume = undefined;
      clearTimeout(timer);
    }
    this.#isSet = false;
  }
}

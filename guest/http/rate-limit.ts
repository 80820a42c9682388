/**
 * Limits how many units are spent a second. What is not spent is saved up to a maximum, so that a burst
 * passes.
 */
export class RateLimit {
  readonly #rate: number;
  readonly #maximum: number;
  readonly #now: () => number;
  #available: number;
  #updated: number;

  /**
   * @param rate units a second.
   * @param maximum units that can be saved up; it begins with so many.
   * @param now milliseconds of a clock that does not go back. Default `performance.now`.
   */
  constructor(rate: number, maximum: number, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#maximum = maximum;
    this.#now = now;
    this.#available = maximum;
    this.#updated = now();
  }

  /** Spends units, if so many are available. @returns whether they were. */
  spend(units: number): boolean {
    const now = this.#now();
    this.#available = Math.min(this.#maximum, this.#available + ((now - this.#updated) * this.#rate) / 1000);
    this.#updated = now;
    if (units > this.#available) return false;
    this.#available -= units;
    return true;
  }
}

/** Where other images for a site come from. */
export interface ImageSource {
  /** Milliseconds between two looks. Default: looks only after `wake`. */
  readonly interval?: number;
  /** Whether the first look is at once, rather than after the interval. */
  readonly looksAtOnce?: boolean;
  /** Whether a look finds an image again that was refused. */
  readonly retries?: boolean;
  /** Calls `wake` when it is time for a look, until it is disposed of. */
  watch?(wake: () => void): Disposable;
  /**
   * Looks for another image, and may make it.
   * @returns whether there is one to serve.
   */
  look(signal: AbortSignal): Promise<boolean>;
  /** Called with the commit of the image that is served now. */
  onServed?(commit: string): void;
}

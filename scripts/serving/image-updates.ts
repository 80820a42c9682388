import type { Updates } from "../../vm/commands.ts";
import { FailureLog } from "./failure-log.ts";
import type { ImageSource } from "./image-source.ts";
import { serveImage } from "./serve-file.ts";
import { Wake } from "./wake.ts";

/** What serves other images in the course of time. */
export interface ImageUpdatesOptions {
  /** The path or the address of the image. */
  readonly image: string;
  /** What messages call it. */
  readonly name: string;
  /** Where other images come from. Default: only `reload` serves the image anew. */
  readonly source?: ImageSource | undefined;
  /** Ends the updates, and what they do at the time. */
  readonly signal: AbortSignal;
  /** Gets a line of text about each image that is served or refused. */
  note(line: string): void;
  /** An error in one line. */
  describe(error: unknown): string;
}

/**
 * Serves what the source has, one image after the other. What comes while one is verified is served after it,
 * and of several only the last.
 */
export class ImageUpdates {
  readonly #options: ImageUpdatesOptions;
  readonly #wake = new Wake();
  readonly #failures: FailureLog;
  #isReload = false;

  constructor(options: ImageUpdatesOptions) {
    this.#options = options;
    this.#failures = new FailureLog(options.note);
  }

  /** Serves the image anew, even if it is the same. */
  readonly reload = (): void => {
    this.#isReload = true;
    this.#wake.set();
  };

  readonly run: Updates = async (swap, onRefusal, ended) => {
    const { image, name, source, note } = this.#options;
    const signal = AbortSignal.any([ended, this.#options.signal]);
    using _watch = source?.watch?.(() => this.#wake.set());
    if (source?.looksAtOnce) this.#wake.set();
    while (!signal.aborted) {
      await this.#wake.wait(source?.interval, signal);
      if (signal.aborted) return;
      const isReload = this.#isReload;
      this.#isReload = false;
      const looked = await this.#attempt(signal, async () => (await source?.look(signal)) ?? false);
      // A failure is a new one if it is asked for, or of another image, or after a success.
      const isOther = source?.retries ? looked === false : looked === true;
      if (isReload || isOther) this.#failures.clear();
      if (!looked && !isReload) continue;
      const commit = await this.#attempt(signal, () => serveImage(image, swap, signal), onRefusal);
      if (commit === undefined) continue;
      this.#failures.clear();
      source?.onServed?.(commit);
      note(`${name}: serving ${commit === "" ? "what is there now" : `commit ${commit}`}`);
    }
  };

  /** Does a step. If it fails, writes a line, and returns undefined. */
  async #attempt<Result>(
    signal: AbortSignal,
    step: () => Promise<Result>,
    onFailure = () => {},
  ): Promise<Result | undefined> {
    try {
      return await step();
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#failures.report(`${this.#options.name} is not updated: ${this.#options.describe(error)}`);
      onFailure();
      return undefined;
    }
  }
}

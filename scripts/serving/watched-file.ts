import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileVersion } from "./file-version.ts";
import type { ImageSource } from "./image-source.ts";

/** Milliseconds between two looks: a network file system does not report what other hosts change. */
const INTERVAL_MS = 2000;

/** Milliseconds in which a file that is complete does not change. */
const REST_MS = 500;

/** An image file that is replaced by others. */
export class WatchedFile implements ImageSource {
  readonly interval = INTERVAL_MS;
  readonly #image: string;
  /** The version that is served, or was refused. */
  #known: string | undefined;
  #wake = () => {};

  private constructor(image: string, known: string | undefined) {
    this.#image = image;
    this.#known = known;
  }

  /** What replaces the file from now on is another image. */
  static async begin(image: string): Promise<WatchedFile> {
    return new WatchedFile(image, await fileVersion(image));
  }

  watch(wake: () => void): Disposable {
    this.#wake = wake;
    const name = basename(this.#image);
    try {
      const options = { persistent: false, encoding: "utf8" } as const;
      const watcher = watch(dirname(this.#image), options, (_event, changed) => {
        if (changed === null || changed === name) wake();
      });
      // The looks go on without it.
      watcher.on("error", () => watcher.close());
      return { [Symbol.dispose]: () => watcher.close() };
    } catch {
      // The system has no more watches. A look at each interval finds changes, too.
      return { [Symbol.dispose]() {} };
    }
  }

  async look(signal: AbortSignal): Promise<boolean> {
    const version = await fileVersion(this.#image);
    if (version === undefined || version === this.#known) return false;
    await sleep(REST_MS, undefined, { signal });
    if ((await fileVersion(this.#image)) !== version) {
      this.#wake();
      return false;
    }
    this.#known = version;
    return true;
  }
}

import { type InvalidImageError, isLayoutFault } from "../errors.ts";
import type { Entry, FolderEntries, Layout, PathEntry } from "./layout.ts";
import { compareBytes } from "./path.ts";

/**
 * A layout that is used as long as it is sound, and another that takes its place once it is not: a look-up
 * that fails goes on with the other, as do all that follow.
 */
export class FallbackLayout implements Layout {
  #frozen: Layout | undefined;
  #other: Layout | undefined;
  readonly #makeOther: () => Layout;
  readonly #onFallback: (why: string) => void;

  /**
   * @param makeOther makes the layout that takes the place of `frozen`.
   * @param onFallback called once, with the reason.
   */
  constructor(frozen: Layout, makeOther: () => Layout, onFallback: (why: string) => void) {
    this.#frozen = frozen;
    this.#makeOther = makeOther;
    this.#onFallback = onFallback;
  }

  get byteLength(): number {
    return (this.#frozen ?? this.#fallback).byteLength;
  }

  find(path: Uint8Array): Entry | undefined {
    return this.#try((layout) => layout.find(path));
  }

  findIn(folder: Entry, name: Uint8Array, path: Uint8Array): Entry | undefined {
    return this.#try((layout) => layout.findIn(folder, name, path));
  }

  *startingWith(prefix: Uint8Array): Generator<PathEntry> {
    let last: Uint8Array | undefined;
    if (this.#frozen !== undefined) {
      try {
        for (const entry of this.#frozen.startingWith(prefix)) {
          yield entry;
          last = entry.path;
        }
        return;
      } catch (error) {
        this.#fallBack(error);
      }
    }
    for (const entry of this.#fallback.startingWith(prefix)) {
      if (last === undefined || compareBytes(entry.path, last) > 0) yield entry;
    }
  }

  list(folder: Entry, path: Uint8Array): FolderEntries | undefined {
    return this.#try((layout) => layout.list?.(folder, path));
  }

  distrust(): void {
    this.#leave("an object is not where it says");
  }

  /** Leaves the layout for its fault. @throws {unknown} any other error. */
  #fallBack(error: unknown): void {
    if (!isLayoutFault(error)) throw error;
    this.#leave((error as InvalidImageError).message.replace(/^invalid image: /, ""));
  }

  #leave(why: string): void {
    if (this.#frozen === undefined) return;
    this.#frozen = undefined;
    this.#onFallback(why);
  }

  #try<Found>(look: (layout: Layout) => Found): Found {
    if (this.#frozen !== undefined) {
      try {
        return look(this.#frozen);
      } catch (error) {
        this.#fallBack(error);
      }
    }
    return look(this.#fallback);
  }

  get #fallback(): Layout {
    this.#other ??= this.#makeOther();
    return this.#other;
  }
}

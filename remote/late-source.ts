import type { Source } from "./source.ts";
import { SourceError } from "./source-error.ts";

/** What is known of a source before it is opened. */
export interface KnownSource {
  readonly display: string;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/** A source that is opened once it is read: where the cache has all blocks, it never is. */
export class LateSource implements Source {
  readonly display: string;
  readonly key: string;
  readonly size: number;
  readonly start = new Uint8Array(0);
  readonly #open: () => Promise<Source>;
  readonly #onChange: () => void;
  #opening: Promise<Source> | undefined;

  /** @param open must open what is known, or fail. @param onChange called when it turns out to have changed. */
  constructor({ display, key, size }: KnownSource, open: () => Promise<Source>, onChange: () => void) {
    this.display = display;
    this.key = key;
    this.size = size;
    this.#open = open;
    this.#onChange = onChange;
  }

  /** @throws {SourceError} also what opening throws. */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    try {
      this.#opening ??= this.#open();
      return await (await this.#opening.catch((error) => this.#retry(error))).read(offset, length, signal);
    } catch (error) {
      if (error instanceof SourceError && error.code === "SOURCE_CHANGED") this.#onChange();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const source = await this.#opening?.catch(() => undefined);
    await source?.[Symbol.asyncDispose]();
  }

  /** Has the next read open it once more. */
  #retry(error: unknown): never {
    this.#opening = undefined;
    throw error;
  }
}

import { SourceError } from "../../reader/source-error.ts";
import { RangeReader } from "../http/range-reader.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { HEAD_SIZE } from "./layer.ts";
import type { Descriptor } from "./manifest.ts";
import type { Registry } from "./registry.ts";

/** Reads a layer. The registry is asked only when there is something to read. */
export class BlobReader {
  readonly #layer: Descriptor;
  readonly #registry: () => Promise<Registry>;
  #reader: Promise<RangeReader> | undefined;

  /** @param registry opens it, or gives the one that is open. */
  constructor(layer: Descriptor, registry: () => Promise<Registry>) {
    this.#layer = layer;
    this.#registry = registry;
  }

  /**
   * Asks for the head of the layer, and `start` bytes more.
   * @returns what has come. @throws {SourceError} `SOURCE_MALFORMED`: the layer is longer than it must be; and
   * those of `RangeReader.open`.
   */
  async open(start: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const registry = await this.#registry();
    const reader = await RangeReader.open(registry.client, {
      ...this.#options(registry),
      start: HEAD_SIZE + start,
      signal,
    });
    const { size } = this.#layer;
    if (reader.version.length !== size) {
      const what = `the registry has ${reader.version.length} bytes of a layer of ${size}: push it again`;
      throw new SourceError("SOURCE_MALFORMED", `${registry.display}: ${what}`);
    }
    this.#reader = Promise.resolve(reader);
    return reader.start;
  }

  /** As `RangeReader.read`, of the layer. */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    this.#reader ??= this.#resume().catch((error) => {
      this.#reader = undefined;
      throw error;
    });
    const reader = await unlessAborted(this.#reader, signal);
    return await reader.read(offset, length, signal);
  }

  async #resume(): Promise<RangeReader> {
    const registry = await this.#registry();
    const version = { etag: undefined, lastModified: undefined, length: this.#layer.size };
    return RangeReader.resume(registry.client, this.#options(registry), version);
  }

  #options(registry: Registry) {
    const { digest, size } = this.#layer;
    const { display, authorization } = registry;
    const url = registry.url(`blobs/${digest}`);
    return { url, display, authorization, credentials: authorization, length: size, immutable: true };
  }
}

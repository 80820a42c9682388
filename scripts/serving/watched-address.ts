import { SourceError } from "../../reader/source-error.ts";
import { parseImageAddress } from "../../remote/address.ts";
import type { SourceOptions } from "../../remote/source.ts";
import type { ImageSource } from "./image-source.ts";

/** Milliseconds between two looks: each is a request. */
const INTERVAL_MS = 30_000;

/** An image at an address whose server names the version of its bytes. */
export class WatchedAddress implements ImageSource {
  readonly interval: number;
  readonly #image: string;
  readonly #options: SourceOptions;
  /** Of the version that is served, or was refused. */
  #key: string;

  private constructor(image: string, options: SourceOptions, key: string, interval: number) {
    this.interval = interval;
    this.#image = image;
    this.#options = options;
    this.#key = key;
  }

  /**
   * What the server has from now on is another image.
   * @throws {SourceError} `SOURCE_UNSUPPORTED`: the kind of address names no versions; those of `openSource`.
   */
  static async begin(
    image: string,
    options: SourceOptions,
    signal: AbortSignal,
    interval = INTERVAL_MS,
  ): Promise<WatchedAddress> {
    const { kind } = parseImageAddress(image);
    if (kind !== "http" && kind !== "oci") {
      throw new SourceError(
        "SOURCE_UNSUPPORTED",
        "--watch needs a file, an https or an oci address: SIGHUP works with any",
      );
    }
    return new WatchedAddress(image, options, await keyOf(image, options, signal), interval);
  }

  async look(signal: AbortSignal): Promise<boolean> {
    const key = await keyOf(this.#image, this.#options, signal);
    if (key === this.#key) return false;
    this.#key = key;
    return true;
  }
}

async function keyOf(image: string, options: SourceOptions, signal: AbortSignal): Promise<string> {
  const { openSource } = await import("../../remote/open.ts");
  await using source = await openSource(parseImageAddress(image), { ...options, signal });
  return source.key;
}

import type { OciAddress } from "../address.ts";
import type { Notes } from "../cache/notes.ts";
import type { Source, SourceOptions } from "../source.ts";
import { SourceError } from "../source-error.ts";
import { isDigest } from "./digest.ts";
import { parseJson } from "./json.ts";
import type { openOciSource as open } from "./open.ts";

/** What a digest means, for ever. */
interface Known {
  /** The digest of the layer. */
  readonly key: string;
  /** Bytes of the image. */
  readonly size: number;
}

/** Loaded when it is needed: HTTP takes a moment. */
const openOciSource: typeof open = async (address, options) =>
  (await import("./open.ts")).openOciSource(address, options);

/**
 * As `openOciSource`; of an address with a digest that has been opened before, the registry is asked only once
 * there is something to read.
 * @throws as `openOciSource`; `read` throws that, too.
 */
export async function openKnownOciSource(
  address: OciAddress,
  options: SourceOptions,
  notes: Notes,
): Promise<Source> {
  const { reference } = address;
  if (!isDigest(reference)) return await openOciSource(address, options);
  const name = `oci:${reference}`;
  const known = parse(notes.get(name));
  if (known !== undefined) return new LateSource(address, options, known, () => notes.drop(name));
  const source = await openOciSource(address, options);
  const { key, size } = source;
  notes.put(name, JSON.stringify({ key, size } satisfies Known));
  return source;
}

function parse(note: string | undefined): Known | undefined {
  const { key, size } = parseJson(note ?? "") ?? {};
  return isDigest(key) && typeof size === "number" ? { key, size } : undefined;
}

/** A source that is opened when it is read. */
class LateSource implements Source {
  readonly display: string;
  readonly key: string;
  readonly size: number;
  readonly start = new Uint8Array(0);
  readonly #address: OciAddress;
  readonly #options: SourceOptions;
  readonly #onContradiction: () => void;
  #opening: Promise<Source> | undefined;

  constructor(address: OciAddress, options: SourceOptions, known: Known, onContradiction: () => void) {
    this.display = address.display;
    this.key = known.key;
    this.size = known.size;
    this.#address = address;
    // What the signal ended was the opening.
    this.#options = { ...options, start: 1, signal: undefined };
    this.#onContradiction = onContradiction;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    this.#opening ??= this.#open();
    const source = await this.#opening;
    return await source.read(offset, length, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const source = await this.#opening?.catch(() => undefined);
    await source?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<Source> {
    try {
      const source = await openOciSource(this.#address, this.#options);
      if (source.key === this.key && source.size === this.size) return source;
      await source[Symbol.asyncDispose]();
      this.#onContradiction();
      throw new SourceError("SOURCE_CHANGED", `${this.display}: it is not what the cache says: run it again`);
    } catch (error) {
      // The next read tries again.
      this.#opening = undefined;
      throw error;
    }
  }
}

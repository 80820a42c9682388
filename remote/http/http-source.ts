import type { HttpAddress } from "../address.ts";
import type { Source, SourceOptions } from "../source.ts";
import { HttpClient } from "./client.ts";
import { credentialsFor } from "./credentials.ts";
import { RangeReader } from "./range-reader.ts";
import { type KnownVersion, versionKey } from "./version.ts";

/** An image behind a server. */
export interface HttpSource extends Source {
  readonly version: KnownVersion;
  /** Seconds for which the server says that this is the version: nobody needs to ask again. */
  readonly freshFor: number;
}

/**
 * Opens an image behind a server that answers ranges.
 *
 * `options.signal` ends the opening; a read has a signal of its own. Disposing it ends all reads and
 * connections.
 *
 * @param version what it is known to be. Then nothing is asked for: reading another version fails.
 * @throws {SourceError} it cannot be read there.
 */
export async function openHttpSource(
  address: HttpAddress,
  options: SourceOptions = {},
  version?: KnownVersion,
): Promise<HttpSource> {
  const { headerFrom, env = process.env, start, signal } = options;
  const { url, display } = address;
  const credentials = await credentialsFor(url, headerFrom, env);
  const client = new HttpClient(options);
  try {
    const readerOptions = { url, display, authorization: credentials, credentials, start, signal };
    const reader =
      version === undefined
        ? await RangeReader.open(client, readerOptions)
        : RangeReader.known(client, { ...readerOptions, signal: undefined }, version);
    return {
      display,
      size: reader.size,
      key: versionKey(url, reader.version),
      isUnversioned: reader.version.etag === undefined && reader.version.lastModified === undefined,
      version: { ...reader.version, length: reader.size },
      freshFor: reader.freshFor,
      start: reader.start,
      read: (offset, length, readSignal) => reader.read(offset, length, readSignal),
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

import type { HttpAddress } from "../address.ts";
import type { Source, SourceOptions } from "../source.ts";
import { HttpClient } from "./client.ts";
import { credentialsFor } from "./credentials.ts";
import { RangeReader } from "./range-reader.ts";
import { versionKey } from "./version.ts";

/**
 * Opens an image behind a server that answers ranges.
 *
 * `options.signal` ends the opening; a read has a signal of its own. Disposing it ends all reads and
 * connections.
 *
 * @throws {SourceError} it cannot be read there.
 */
export async function openHttpSource(address: HttpAddress, options: SourceOptions = {}): Promise<Source> {
  const { headerFrom, env = process.env, start, signal } = options;
  const { url, display } = address;
  const credentials = await credentialsFor(url, headerFrom, env, signal);
  const client = new HttpClient(options);
  try {
    const reader = await RangeReader.open(client, {
      url,
      display,
      authorization: credentials,
      credentials,
      start,
      signal,
    });
    return {
      display,
      size: reader.size,
      key: versionKey(url, reader.version),
      isUnversioned: reader.version.etag === undefined && reader.version.lastModified === undefined,
      start: reader.start,
      read: (offset, length, readSignal) => reader.read(offset, length, readSignal),
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

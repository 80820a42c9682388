import type { HttpAddress } from "../address.ts";
import type { Openings } from "../cache/openings.ts";
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
export async function openHttpSource(
  address: HttpAddress,
  options: SourceOptions & { readonly openings?: Openings | undefined } = {},
): Promise<Source> {
  const { headerFrom, env = process.env, start, signal, openings } = options;
  const { url, display } = address;
  const credentials = await credentialsFor(url, headerFrom, env, signal);
  const client = new HttpClient(options);
  try {
    const request = { url, display, authorization: credentials, credentials, start, signal };
    const reader =
      openings === undefined
        ? await RangeReader.open(client, request)
        : await (await import("./shared-opening.ts")).openShared(client, request, openings, options);
    const { etag, lastModified } = reader.version;
    return {
      display,
      size: reader.size,
      key: versionKey(url, reader.version),
      isUnversioned: (etag ?? lastModified) === undefined,
      isUnkept: reader.freshness?.mayBeKept === false,
      start: reader.start,
      read: (offset, length, readSignal) => reader.read(offset, length, readSignal),
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

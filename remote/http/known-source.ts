import type { HttpAddress } from "../address.ts";
import type { BlockCache } from "../block-cache.ts";
import type { Notes } from "../cache/notes.ts";
import type { Source, SourceOptions } from "../source.ts";
import { openHttpSource } from "./http-source.ts";
import { resourceKey } from "./version.ts";

/**
 * As `openHttpSource`; of an image whose first block the cache has, the server is only asked for its version.
 * @throws as `openHttpSource`.
 */
export async function openKnownHttpSource(
  address: HttpAddress,
  options: SourceOptions,
  cache: BlockCache,
  notes: Notes,
): Promise<Source> {
  const name = resourceKey(address.url);
  const known = notes.get(name);
  const isThere = known !== undefined && (await cache.get(known, 0)) !== undefined;
  // Some byte has to be asked for: HEAD does not say whether the server answers ranges.
  const source = await openHttpSource(address, isThere ? { ...options, start: 1 } : options);
  if (source.isUnversioned) notes.drop(name);
  else if (source.key !== known) notes.put(name, source.key);
  return source;
}

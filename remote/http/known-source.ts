import type { HttpAddress } from "../address.ts";
import type { BlockCache } from "../block-cache.ts";
import type { Notes } from "../cache/notes.ts";
import { LateSource } from "../late-source.ts";
import type { Source, SourceOptions } from "../source.ts";
import type { openHttpSource as open } from "./http-source.ts";
import { type KnownVersion, resourceKey, versionKey } from "./version.ts";

/** What was known of a URL when it was opened last. */
interface Note extends KnownVersion {
  /** Until when that is fresh, in milliseconds since the epoch. */
  readonly until: number;
}

/** Loaded when it is needed: HTTP takes a moment. */
const openHttpSource: typeof open = async (...parameters) =>
  (await import("./http-source.ts")).openHttpSource(...parameters);

/**
 * As `openHttpSource`, with what the cache has. While the last answer is fresh, as the server has said (RFC
 * 9111, section 4.2), it is not asked before there is something to read. Then it is asked for its version alone,
 * if the cache has the first block.
 *
 * @param revalidate has the server asked in any case.
 * @throws as `openHttpSource`; `read` throws that, too.
 */
export async function openKnownHttpSource(
  address: HttpAddress,
  { revalidate = false, ...options }: SourceOptions & { readonly revalidate?: boolean | undefined },
  cache: BlockCache,
  notes: Notes,
): Promise<Source> {
  const { url, display } = address;
  const name = resourceKey(url);
  const openFresh = (text: string) => {
    const note = parse(text);
    if (revalidate || note === undefined || Date.now() >= note.until) return undefined;
    const known = { display, key: versionKey(url, note), size: note.length };
    return new LateSource(
      known,
      () => openHttpSource(address, options, note),
      () => notes.drop(name),
    );
  };
  const openNow = async () => {
    const known = parse(notes.get(name) ?? "");
    const isThere = known !== undefined && (await cache.get(versionKey(url, known), 0)) !== undefined;
    // Some byte has to be asked for: HEAD does not say whether the server answers ranges.
    const source = await openHttpSource(address, isThere ? { ...options, start: 1 } : options);
    const until = source.freshFor === 0 ? 0 : Date.now() + source.freshFor * 1000;
    const note = JSON.stringify({ ...source.version, until } satisfies Note);
    return { source, note: source.isUnversioned ? undefined : note };
  };
  return await notes.openInTurn(name, openFresh, openNow, options.signal);
}

function parse(text: string): Note | undefined {
  try {
    const { etag, lastModified, length, until } = JSON.parse(text) as Note;
    const isNote =
      isTextOrNothing(etag) &&
      isTextOrNothing(lastModified) &&
      (etag ?? lastModified) !== undefined &&
      [length, until].every((each) => typeof each === "number");
    return isNote ? { etag, lastModified, length, until } : undefined;
  } catch {
    return undefined;
  }
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

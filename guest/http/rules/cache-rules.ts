import { parseCacheControl } from "./cache-control.ts";
import { Glob } from "./glob.ts";
import { isHashedName } from "./hashed-name.ts";

/** What a file gets whose name changes with its content: a year, the longest that caches keep anything. */
const FOREVER = "public, max-age=31536000, immutable";

/** A `Cache-Control` for some files. */
export interface CacheRule {
  /** @param path of the file in the image, with a slash at its start. */
  matches(path: string): boolean;
  readonly value: string;
}

/**
 * Parses a rule of `serve --cache`: `VALUE` for all files, `GLOB: VALUE` with a glob that begins with `/` or
 * `*`, `hashed: VALUE` for files whose names carry a hash, or `hashed` alone for a year and `immutable`.
 *
 * @returns undefined if it is malformed.
 */
export function parseCacheRule(text: string): CacheRule | undefined {
  const [, selector, rest] = /^\s*([/*][^:]*|hashed)\s*(?:$|:(.*)$)/s.exec(text) ?? [];
  if (selector === undefined) {
    const value = parseCacheControl(text);
    return value === undefined ? undefined : { matches: () => true, value };
  }
  const value = parseCacheControl(rest ?? (selector === "hashed" ? FOREVER : ""));
  if (value === undefined) return undefined;
  if (selector === "hashed") {
    return { matches: (path) => isHashedName(path.slice(path.lastIndexOf("/") + 1)), value };
  }
  const glob = Glob.parse(selector.trimEnd());
  return glob && { matches: (path) => glob.matches(path), value };
}

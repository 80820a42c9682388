import { InvalidImageError } from "../errors.ts";
import type { HashAlgorithm } from "../git/hash.ts";
import { algorithmOf, HASH_NAMES } from "../git/object-format.ts";
import { isObjectId } from "../git/object-id.ts";
import type { ImageHeader } from "./header.ts";

/**
 * Checks that an image is of the commit that it must be of.
 *
 * @param pinned the commit's id, hexadecimal, of either case; undefined allows any.
 * @throws {InvalidImageError} fault `pinned-commit`. The message names the hash functions if these differ.
 */
export function checkPinnedCommit({ commit, hash }: ImageHeader, pinned: string | undefined): void {
  if (pinned === undefined || pinned.toLowerCase() === commit) return;
  const pinnedHash = isObjectId(pinned) ? algorithmOf(pinned) : hash;
  const shown = (id: string, by: HashAlgorithm) => (pinnedHash === hash ? id : `${id} (${HASH_NAMES[by]})`);
  const what = `it is of commit ${shown(commit, hash)}, not of ${shown(pinned, pinnedHash)}`;
  throw new InvalidImageError("pinned-commit", what, { offset: 0 });
}

import { InvalidImageError } from "../errors.ts";
import type { HashAlgorithm } from "../git/hash.ts";
import { algorithmOf, HASH_NAMES } from "../git/object-format.ts";
import { isObjectId } from "../git/object-id.ts";
import { printable } from "../printable.ts";
import type { ImageHeader } from "./header.ts";

/**
 * Checks that an image is of the commit that it must be of.
 *
 * @param pinned the commit's id, hexadecimal, of either case; undefined allows any.
 * @throws {InvalidImageError} fault `pinned-commit`. The message names the hash functions if these differ,
 * and says so of what is no id, such as a shortened one.
 */
export function checkPinnedCommit({ commit, hash }: ImageHeader, pinned: string | undefined): void {
  if (pinned === undefined || pinned.toLowerCase() === commit) return;
  const what = `it is of commit ${comparison(commit, hash, pinned)}`;
  throw new InvalidImageError("pinned-commit", what, { offset: 0 });
}

function comparison(commit: string, hash: HashAlgorithm, pinned: string): string {
  if (!isObjectId(pinned))
    return `${commit}, not of "${printable(pinned)}", which is not the full id of a commit`;
  const pinnedHash = algorithmOf(pinned);
  if (pinnedHash === hash) return `${commit}, not of ${pinned}`;
  return `${commit} (${HASH_NAMES[hash]}), not of ${pinned} (${HASH_NAMES[pinnedHash]})`;
}

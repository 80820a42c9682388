import type { HashAlgorithm } from "../../reader/git/hash.ts";

/** The object format that is not this one. */
export function otherThan(format: string): HashAlgorithm {
  return format === "sha1" ? "sha256" : "sha1";
}

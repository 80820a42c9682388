import type { HashAlgorithm } from "../../reader/git/hash.ts";
import { git } from "./git.ts";

/**
 * Makes an empty bare repository, with nothing of the user's templates, whose objects are named by a hash
 * function. @throws {DocteurError} as `git`.
 */
export async function initBare(gitDir: string, hash: HashAlgorithm, signal?: AbortSignal): Promise<void> {
  const options = ["--bare", "--quiet", "--template=", "--initial-branch=main", `--object-format=${hash}`];
  await git(["init", ...options, gitDir], { signal });
}

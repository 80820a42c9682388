import { realpathSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { tryGit } from "./git.ts";

/**
 * How many files of a work tree are not as they were committed, those that git does not know among them; undefined where
 * git will not tell. Unlike elsewhere here git is left to find the repository itself, so that it minds who owns it: for
 * this question it may run what the repository's own settings name.
 *
 * @param own files that are this program's own doing and do not count: the image, which often is made where the files lie.
 */
export async function countUncommitted(
  workTree: string,
  own: readonly string[],
  signal?: AbortSignal,
): Promise<number | undefined> {
  const root = realpathSync(workTree);
  const within = own
    .map((file) => relative(root, join(realpathSync(dirname(file)), basename(file))))
    .filter((path) => path !== ".." && !path.startsWith("../"));
  const status = [
    "-C",
    workTree,
    "status",
    "--porcelain=v1",
    "-z",
    "--no-renames",
    "--ignore-submodules=all",
    "--",
    ":(top)",
    ...within.map((path) => `:(top,exclude,literal)${path}`),
  ];
  const result = await tryGit(status, { signal, encoding: "latin1", env: { GIT_OPTIONAL_LOCKS: "0" } });
  return result.status === 0 ? result.stdout.split("\0").length - 1 : undefined;
}

/** The note for a work tree with so many files that the image has otherwise, or not. */
export function uncommittedNotes(count: number | undefined): string[] {
  if (count === undefined || count === 0) return [];
  const changes = count === 1 ? "1 uncommitted change" : `${count} uncommitted changes`;
  return [
    `${changes} in the work tree: the image has what is committed (--worktree takes the folder as it lies)`,
  ];
}

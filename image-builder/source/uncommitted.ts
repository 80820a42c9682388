import { realpathSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { type GitOptions, git, tryGit } from "./git.ts";

/** Of all attributes those in `info/attributes` count most (gitattributes(5)), and there the last line. */
const NO_FILTERS = "\n* -filter\n";

/** How git's short format marks a file whose content differs from that in the index alone. */
const CONTENT_DIFFERS = " M ";

/** Settings of the user's for the paths on a command line would change what `:(top)` means. */
const PATHSPECS = {
  GIT_LITERAL_PATHSPECS: "0",
  GIT_GLOB_PATHSPECS: "0",
  GIT_NOGLOB_PATHSPECS: "0",
  GIT_ICASE_PATHSPECS: "0",
};

/**
 * The number of files of a work tree that differ from the commit, untracked ones included; undefined where
 * git fails. No filter runs, neither the repository's nor the user's own: git's built-in conversions (line
 * ends, encodings, `$Id$`) are made, but of a file with a `filter` attribute only the length and the times
 * that the index has of it can be compared. Where these differ, whether the content does stays unknown, and
 * the file is not counted.
 *
 * @param gitDir an isolated Git directory; its `info/attributes` are written.
 * @param own files of docteur's own that do not count: the image is often in the work tree.
 */
export async function countUncommitted(
  gitDir: string,
  workTree: string,
  own: readonly string[],
  signal?: AbortSignal,
): Promise<number | undefined> {
  const root = realpathSync(workTree);
  const within = own
    .map((file) => relative(root, join(realpathSync(dirname(file)), basename(file))))
    .filter((path) => path !== ".." && !path.startsWith("../"));
  const run: GitOptions = {
    gitDir,
    signal,
    encoding: "latin1",
    env: { ...PATHSPECS, GIT_WORK_TREE: root, GIT_OPTIONAL_LOCKS: "0" },
  };
  const attributes = await attributesOf(gitDir, signal);
  const before = await readFile(attributes).catch(() => Buffer.alloc(0));
  await writeFile(attributes, Buffer.concat([before, Buffer.from(NO_FILTERS)]));
  const status = [
    ...["-C", root, "status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=all"],
    ...["--", ":(top)"],
    ...within.map((path) => `:(top,exclude,literal)${path}`),
  ];
  const result = await tryGit(status, run);
  if (result.status !== 0) return undefined;
  await writeFile(attributes, before);
  const entries = result.stdout.split("\0").slice(0, -1);
  const differing = entries.filter((entry) => entry.startsWith(CONTENT_DIFFERS));
  const filtered = await countFiltered(
    differing.map((entry) => entry.slice(CONTENT_DIFFERS.length)),
    ["-C", root],
    run,
  );
  return entries.length - filtered;
}

async function attributesOf(gitDir: string, signal?: AbortSignal): Promise<string> {
  const asked = ["rev-parse", "--path-format=absolute", "--git-path", "info/attributes"];
  return (await git(asked, { gitDir, signal })).replace(/\n$/, "");
}

/** How many of the paths have a `filter` attribute that names one. */
async function countFiltered(
  paths: readonly string[],
  where: readonly string[],
  run: GitOptions,
): Promise<number> {
  if (paths.length === 0) return 0;
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(""), "latin1");
  const asked = [...where, "check-attr", "-z", "--stdin", "filter"];
  const { stdout } = await tryGit(asked, { ...run, input });
  // Path, the attribute's name and its value, each with a NUL.
  const values = stdout.split("\0").filter((_, index) => index % 3 === 2);
  return values.filter((value) => !/^(unspecified|unset|set|)$/.test(value)).length;
}

/** The note for a work tree with so many changed files. */
export function uncommittedNotes(count: number | undefined): string[] {
  if (count === undefined || count === 0) return [];
  const changes = count === 1 ? "1 uncommitted change" : `${count} uncommitted changes`;
  return [`${changes} in the work tree: the image has the commit (--worktree packs the files as they are)`];
}

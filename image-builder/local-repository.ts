import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import { DocteurError } from "../guest/errors.ts";
import { isObjectId } from "../guest/git/object-id.ts";
import { git, tryGit } from "./git.ts";
import { findRef, noHead, type Ref, refNotFound, refuseSha256 } from "./refs.ts";

/**
 * The git directory of the repository at `path`, or undefined when `path` is a mere folder. A repository is what has a
 * `.git` (a folder, a worktree's or submodule's file) or is bare; a subfolder of a work tree is a mere folder.
 * @throws {DocteurError} `NOT_A_REPOSITORY`: there is a `.git`, but git cannot use it.
 */
export async function findGitDir(path: string, signal?: AbortSignal): Promise<string | undefined> {
  const dotGit = join(path, ".git");
  if (exists(dotGit)) {
    const result = await tryGit(["rev-parse", "--git-dir"], { gitDir: dotGit, signal });
    if (result.status === 0) return dotGit;
    throw new DocteurError(
      "NOT_A_REPOSITORY",
      `${dotGit} is there, but is no Git repository that git can read`,
    );
  }
  if (!["HEAD", "objects", "refs"].every((name) => exists(join(path, name)))) return undefined;
  const result = await tryGit(["rev-parse", "--git-dir"], { gitDir: path, signal });
  return result.status === 0 ? path : undefined;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * What stands at a local path.
 * @throws {DocteurError} `NOT_FOUND`, `NOT_A_FOLDER`.
 */
export function requireFolder(path: string): void {
  let stats: ReturnType<typeof statSync>;
  try {
    stats = statSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const missing = code === "ENOENT" || code === "ENOTDIR";
    throw new DocteurError("NOT_FOUND", `${path}: ${missing ? "no such repository or folder" : code}`, {
      cause,
    });
  }
  if (!stats.isDirectory()) {
    throw new DocteurError("NOT_A_FOLDER", `${path} is neither a repository nor a folder`);
  }
}

/**
 * The id of the commit that `wish` names in a repository on this machine; its HEAD when there is no wish. Takes
 * whatever git takes: a branch or tag, short or full, an id, also a short one, and the rest of gitrevisions(7).
 *
 * The repository is named to git outright (`--git-dir`), for which git does not ask who owns it (`safe.directory`).
 * That is safe here: nothing in a repository's own settings is run by rev-parse, for-each-ref and pack-objects.
 *
 * @param where the repository, for messages; `shownWish` is the wish as the user knows it.
 * @throws {DocteurError} `REF_NOT_FOUND`, `REF_AMBIGUOUS`, `NOT_A_COMMIT`, `EMPTY_REPOSITORY`, `OBJECT_FORMAT`.
 */
export async function resolveCommit(
  gitDir: string,
  where: string,
  wish: string | undefined,
  signal?: AbortSignal,
  shownWish = wish,
): Promise<string> {
  const format = git(["rev-parse", "--show-object-format"], { gitDir, signal });
  const listing = listRefs(gitDir, signal);
  await Promise.allSettled([format, listing]);
  refuseSha256((await format).trim(), where);
  const refs = await listing;
  const head = wish === undefined || wish === "HEAD";
  const name = head ? "HEAD" : (findRef(refs, wish)?.name ?? wish);
  const object = await revParse(gitDir, name, signal);
  if (object === undefined) {
    if (head) throw noHead(refs, where);
    await refuseAmbiguousId(gitDir, wish, where, signal);
    throw refNotFound(refs, wish, where);
  }
  const commit = await revParse(gitDir, `${object}^{commit}`, signal);
  if (commit !== undefined) return commit;
  const kind = await tryGit(["cat-file", "-t", object], { gitDir, signal });
  if (kind.status !== 0) throw refNotFound(refs, shownWish ?? "HEAD", where);
  throw new DocteurError("NOT_A_COMMIT", `${shownWish} in ${where} is a ${kind.stdout.trim()}, not a commit`);
}

/** @throws {DocteurError} `REF_AMBIGUOUS` if `wish` is how several objects' ids begin. */
async function refuseAmbiguousId(
  gitDir: string,
  wish: string,
  where: string,
  signal?: AbortSignal,
): Promise<void> {
  if (!/^[0-9a-f]{4,39}$/i.test(wish)) return;
  const { stdout } = await tryGit(["rev-parse", `--disambiguate=${wish}`], { gitDir, signal });
  if (stdout.trim().split("\n").length < 2) return;
  throw new DocteurError("REF_AMBIGUOUS", `several ids in ${where} begin with ${wish}: give more of it`);
}

async function revParse(gitDir: string, revision: string, signal?: AbortSignal): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision];
  const result = await tryGit(args, { gitDir, signal });
  const id = result.stdout.trim();
  return result.status === 0 && isObjectId(id) ? id : undefined;
}

async function listRefs(gitDir: string, signal?: AbortSignal): Promise<Ref[]> {
  const lines = await git(["for-each-ref", "--format=%(objectname) %(refname)"], { gitDir, signal });
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ id: line.slice(0, line.indexOf(" ")), name: line.slice(line.indexOf(" ") + 1) }));
}

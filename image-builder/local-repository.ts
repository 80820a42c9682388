import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import { DocteurError } from "../guest/errors.ts";
import { isObjectId } from "../guest/git/object-id.ts";
import { git, tryGit } from "./git.ts";
import { isolateRepository } from "./isolated-repository.ts";
import { findRef, noHead, type Ref, refNotFound, refuseSha256 } from "./refs.ts";
import { maskUserInfo } from "./secret.ts";

/** A repository on this machine. */
export interface LocalRepository {
  /** What git reads instead of the repository's own Git directory; see `isolateRepository`. */
  readonly gitDir: string;
  /** Where its files lie, if they lie at the path that was asked for. */
  readonly workTree: string | undefined;
  /** An error of git's, with the paths of the repository that the user knows. */
  inSource(error: unknown): unknown;
}

/**
 * The repository at `path`, or undefined when `path` is a mere folder. A repository is what has a `.git` (a folder, a worktree's
 * or submodule's file) or is bare; a subfolder of a work tree is a mere folder.
 * @param into an empty folder for what git is to read.
 * @throws {DocteurError} `NOT_A_REPOSITORY`: there is a `.git`, but git cannot use it.
 */
export async function findRepository(
  path: string,
  into: string,
  signal?: AbortSignal,
): Promise<LocalRepository | undefined> {
  const dotGit = join(path, ".git");
  const hasFiles = exists(dotGit);
  if (!hasFiles && !["HEAD", "objects", "refs"].every((name) => exists(join(path, name)))) return undefined;
  const isolated = await isolateRepository(hasFiles ? dotGit : path, into, signal);
  const { gitDir, bare, workTree = path } = isolated;
  const result = await tryGit(["rev-parse", "--git-dir"], { gitDir, signal });
  if (result.status === 0) {
    return {
      gitDir,
      workTree: hasFiles && !bare && isSame(workTree, path) ? path : undefined,
      inSource: (error) =>
        error instanceof DocteurError
          ? new DocteurError(error.code, isolated.inSource(error.message), { cause: error })
          : error,
    };
  }
  if (!hasFiles) return undefined;
  throw new DocteurError(
    "NOT_A_REPOSITORY",
    `${dotGit} is there, but is no Git repository that git can read`,
  );
}

function isSame(path: string, other: string): boolean {
  try {
    const [a, b] = [statSync(path), statSync(other)];
    return a.ino === b.ino && a.dev === b.dev;
  } catch {
    return false;
  }
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
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const missing = code === "ENOENT" || code === "ENOTDIR";
    // It may be meant for a URL, and have a password in it, so the cause, which names it, stays out.
    const shown = maskUserInfo(path);
    throw new DocteurError("NOT_FOUND", `${shown}: ${missing ? "no such repository or folder" : code}`);
  }
  if (!stats.isDirectory()) {
    throw new DocteurError("NOT_A_FOLDER", `${path} is neither a repository nor a folder`);
  }
}

/**
 * The id of the commit that `wish` names in a repository on this machine; its HEAD when there is no wish. Takes
 * whatever git takes: a branch or tag, short or full, an id, also a short one, and the rest of gitrevisions(7).
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
  refuseSha256((await git(["rev-parse", "--show-object-format"], { gitDir, signal })).trim(), where);
  const refs = await listRefs(gitDir, signal);
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

import { statSync } from "node:fs";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { isObjectId } from "../../reader/git/object-id.ts";
import { brokenRefs, refuseBrokenRef, unreadableRefs } from "./broken-refs.ts";
import { isBundle } from "./bundle-header.ts";
import { reason, tryGit } from "./git.ts";
import { isolateRepository } from "./isolated-repository.ts";
import { findRef, noHead, type Ref, refNotFound } from "./refs.ts";
import { maskUserInfo } from "./secret.ts";
import { exists, looksLikeGitDir, unreadableRepository } from "./unreadable-repository.ts";

/** A repository on this machine. */
export interface LocalRepository {
  /** What git reads instead of the repository's own Git directory; see `isolateRepository`. */
  readonly gitDir: string;
  /** Its work tree, if that is the folder that was asked for. */
  readonly workTree: string | undefined;
  /** The hash function that names its objects. */
  readonly format: HashAlgorithm;
  /** An error of git's, with the paths of the repository that the user knows. */
  inSource(error: unknown): unknown;
}

/**
 * The repository at `path`, or undefined when `path` is a folder only. A repository has a `.git` (a folder, a
 * worktree's or submodule's file) or is bare; a subfolder of a work tree is a folder only.
 * @param into an empty folder for what git is to read.
 * @throws {DocteurError} `NOT_A_REPOSITORY`: it looks like one, but git cannot read it.
 */
export async function findRepository(
  path: string,
  into: string,
  signal?: AbortSignal,
): Promise<LocalRepository | undefined> {
  const dotGit = join(path, ".git");
  const hasFiles = exists(dotGit);
  if (!hasFiles && !looksLikeGitDir(path)) return undefined;
  const source = hasFiles ? dotGit : path;
  const what = hasFiles
    ? `${dotGit} exists, but git cannot read the repository`
    : `${path} looks like a Git repository, but git cannot read it`;
  const isolated = await isolateRepository(source, into, signal).catch((cause) => {
    throw cause instanceof DocteurError
      ? new DocteurError(cause.code, `${what}: ${cause.message}`, { cause })
      : cause;
  });
  const { gitDir, bare, workTree = path } = isolated;
  const result = await tryGit(["rev-parse", "--show-object-format"], { gitDir, signal });
  if (result.status !== 0) {
    throw unreadableRepository(source, what, { ...result, stderr: isolated.inSource(result.stderr) });
  }
  // Git itself refuses it, too; it may be what a removed submodule has left.
  if (!exists(workTree)) {
    throw new DocteurError("NOT_A_REPOSITORY", `${what}: its work tree ${workTree} does not exist`);
  }
  return {
    gitDir,
    format: hashAlgorithm(result.stdout.trim(), what),
    workTree: hasFiles && !bare && isSame(workTree, path) ? path : undefined,
    inSource: (error) =>
      error instanceof DocteurError
        ? new DocteurError(error.code, isolated.inSource(error.message), { cause: error })
        : error,
  };
}

function hashAlgorithm(name: string, what: string): HashAlgorithm {
  const known = HASH_ALGORITHMS.find((each) => each === name);
  if (known !== undefined) return known;
  throw new DocteurError("NOT_A_REPOSITORY", `${what}: docteur does not know its object format ${name}`);
}

/** Whether two paths lead to one file or folder. */
export function isSame(path: string, other: string): boolean {
  try {
    const [a, b] = [statSync(path), statSync(other)];
    return a.ino === b.ino && a.dev === b.dev;
  } catch {
    return false;
  }
}

/**
 * Checks that a local path is a folder or a bundle.
 * @throws {DocteurError} `SOURCE_NOT_FOUND`, `SOURCE_UNREADABLE`, `NOT_A_FOLDER`.
 */
export function requireSource(path: string): void {
  let stats: ReturnType<typeof statSync>;
  try {
    stats = statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const missing = code === "ENOENT" || code === "ENOTDIR";
    // It may be a mistyped URL with a password, so the error has no cause, which would name it.
    const shown = maskUserInfo(path);
    if (missing) throw new DocteurError("SOURCE_NOT_FOUND", `${shown}: no such repository or folder`);
    throw new DocteurError("SOURCE_UNREADABLE", `${shown}: the repository or folder cannot be read: ${code}`);
  }
  if (!stats.isDirectory() && !isBundle(path)) {
    throw new DocteurError(
      "NOT_A_FOLDER",
      `${path} is neither a repository nor a folder nor a bundle of version 2 or 3`,
    );
  }
}

/**
 * The id of the commit that `revision` names in a repository on this machine; of its HEAD by default. Takes
 * what git takes: a branch or tag, short or full, an id, also a short one, and the rest of
 * gitrevisions(7).
 *
 * @param where the repository, for messages; `shownRevision` the revision as the user gave it.
 * @throws {DocteurError} `REF_NOT_FOUND`, `REF_AMBIGUOUS`, `NOT_A_COMMIT`, `INCOMPLETE_REPOSITORY`,
 * `EMPTY_REPOSITORY`; `NOT_A_REPOSITORY` for refs that are broken.
 */
export async function resolveCommit(
  gitDir: string,
  where: string,
  revision: string | undefined,
  signal?: AbortSignal,
  shownRevision = revision,
): Promise<string> {
  const { refs, broken } = await listRefs(gitDir, where, signal);
  const head = revision === undefined || revision === "HEAD";
  const name = head ? "HEAD" : (findRef(refs, revision)?.name ?? revision);
  const object = await revParse(gitDir, name, signal);
  if (object === undefined) {
    refuseBrokenRef(gitDir, name, where, broken);
    if (head) throw noHead(refs, where);
    await refuseAmbiguousId(gitDir, revision, where, signal);
    throw refNotFound(refs, revision, where);
  }
  if (!head && isTooLong(name, object.length, refs)) throw refNotFound(refs, name, where);
  const commit = await revParse(gitDir, `${object}^{commit}`, signal);
  if (commit !== undefined) return commit;
  throw await notACommit(gitDir, object, { refs, where, revision: shownRevision ?? "HEAD" }, signal);
}

/**
 * Whether a revision begins with more digits than an id has: git 2.47 ignores those beyond the 40 of
 * SHA-1. The name of a ref may have any number.
 */
function isTooLong(revision: string, digits: number, refs: readonly Ref[]): boolean {
  const [start = ""] = /^[0-9a-f]+(?=$|[~^:@])/i.exec(revision) ?? [];
  return start.length > digits && findRef(refs, start) === undefined;
}

/** The error for a name that leads to `object`, and from there, by tags, to no commit that git can read. */
async function notACommit(
  gitDir: string,
  object: string,
  { refs, where, revision }: { refs: readonly Ref[]; where: string; revision: string },
  signal?: AbortSignal,
): Promise<DocteurError> {
  let id = object;
  let said = await tryGit(["cat-file", "-t", id], { gitDir, signal });
  for (let tags = 0; said.stdout.trim() === "tag" && tags < MAX_TAGS; tags++) {
    const { stdout } = await tryGit(["cat-file", "tag", id], { gitDir, signal });
    id = /^object ([0-9a-f]+)$/m.exec(stdout)?.[1] ?? id;
    said = await tryGit(["cat-file", "-t", id], { gitDir, signal });
  }
  const kind = said.stdout.trim();
  if (said.status === 0 && kind !== "commit") {
    return new DocteurError("NOT_A_COMMIT", `${revision} in ${where} is a ${kind}, not a commit`);
  }
  if (kind === "commit") said = await tryGit(["rev-parse", "--verify", `${id}^{commit}`], { gitDir, signal });
  const isMissing = /^fatal: git cat-file: could not get object info\s*$/.test(said.stderr);
  // A missing id is a wrong revision; a name whose object is missing is a damaged repository.
  if (isMissing && id === revision.toLowerCase()) return refNotFound(refs, revision, where);
  const why = isMissing ? "the repository lacks it" : reason(said);
  return new DocteurError(
    "INCOMPLETE_REPOSITORY",
    `the commit ${id}, which ${revision} names in ${where}, cannot be read: ${why}`,
  );
}

/** Tags of tags that are followed. */
const MAX_TAGS = 100;

/** @throws {DocteurError} `REF_AMBIGUOUS` if `revision` is how several objects' ids begin. */
async function refuseAmbiguousId(
  gitDir: string,
  revision: string,
  where: string,
  signal?: AbortSignal,
): Promise<void> {
  if (!/^[0-9a-f]{4,63}$/i.test(revision)) return;
  const { stdout } = await tryGit(["rev-parse", `--disambiguate=${revision}`], { gitDir, signal });
  if (stdout.trim().split("\n").length < 2) return;
  throw new DocteurError("REF_AMBIGUOUS", `several ids in ${where} begin with ${revision}: give more digits`);
}

async function revParse(gitDir: string, revision: string, signal?: AbortSignal): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision];
  const result = await tryGit(args, { gitDir, signal });
  const id = result.stdout.trim();
  return result.status === 0 && isObjectId(id) ? id : undefined;
}

/** The refs, and those that git cannot read. @param where the repository, for messages. */
async function listRefs(
  gitDir: string,
  where: string,
  signal?: AbortSignal,
): Promise<{ readonly refs: readonly Ref[]; readonly broken: readonly Ref[] }> {
  const result = await tryGit(["for-each-ref", "--format=%(objectname) %(refname)"], { gitDir, signal });
  if (result.status !== 0) throw unreadableRefs(where, result);
  const refs = result.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ id: line.slice(0, line.indexOf(" ")), name: line.slice(line.indexOf(" ") + 1) }));
  return { refs, broken: brokenRefs(result) };
}

import { DocteurError } from "../../reader/errors.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";
import { algorithmOf } from "../../reader/git/object-format.ts";
import { isObjectId } from "../../reader/git/object-id.ts";
import type { RemoteEndpoint } from "./endpoint.ts";
import { type GitOptions, type GitResult, gitFailed, reason, tryGit } from "./git.ts";
import { gitAccess } from "./git-access.ts";
import type { OnGitProgress } from "./git-progress.ts";
import { IdleTimeout } from "./idle-timeout.ts";
import { initBare } from "./init-bare.ts";
import { parseRefList } from "./ref-list.ts";
import { findRef, noHead, type Ref, refNotFound } from "./refs.ts";
import { checkRequestedFormat } from "./requested-format.ts";

/** The name a fetched commit or tag gets in the temporary repository. */
const FETCHED = "refs/docteur/fetched";

/** One pack, as the server sent it, rather than a file for each object. */
const ONE_PACK = ["fetch.unpackLimit", "1"] as const;

export interface ResolveOptions {
  /** Seconds without activity after which the fetch fails. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchOptions extends ResolveOptions {
  /** The hash function that must name the repository's objects. Default: any. */
  readonly objectFormat?: HashAlgorithm | undefined;
  readonly onProgress?: OnGitProgress | undefined;
}

/**
 * Fetches what `revision` names (the remote's HEAD unless given) into the new bare repository `gitDir`,
 * without its history, and returns its name there. The transport is git's own, with the user's settings.
 * @throws {DocteurError} `REF_NOT_FOUND`, `REF_AMBIGUOUS`, `EMPTY_REPOSITORY`, `OBJECT_FORMAT`,
 * `FETCH_FAILED`, `TIMEOUT`.
 */
export async function fetchRemote(
  endpoint: RemoteEndpoint,
  revision: string | undefined,
  gitDir: string,
  options: FetchOptions,
): Promise<string> {
  const access = await gitAccess(endpoint, options.signal);
  const refs = await withIdleTimeout(endpoint, options, (watched) =>
    listRemote(endpoint, { ...access, ...watched }),
  );
  const { objectFormat, onProgress, signal, timeout } = options;
  const source = refspecSource(refs, revision, endpoint.display);
  // A server that lists no refs may still have a commit by its id.
  const format = algorithmOf(refs[0]?.id ?? source);
  checkRequestedFormat(format, objectFormat, endpoint.display);
  await initBare(gitDir, format, signal);
  const fetching = { ...access, onProgress, config: [...(access.config ?? []), ONE_PACK], gitDir };
  const shallow = await withIdleTimeout(endpoint, options, (watched) =>
    tryGit(fetchArguments(endpoint, source, ["--depth=1"]), { ...fetching, ...watched }),
  );
  if (shallow.status === 0) return FETCHED;
  // Servers of plain files ("dumb" HTTP) do not shorten histories.
  if (!/does not support (shallow|--depth)/.test(shallow.stderr))
    throw fetchFailed(endpoint, source, shallow);
  // git shows no progress for such files, but can end an idle transfer itself.
  const config = [
    ...fetching.config,
    ["http.lowSpeedLimit", "1"],
    ["http.lowSpeedTime", `${timeout}`],
  ] as const;
  const full = await tryGit(fetchArguments(endpoint, source, []), { ...fetching, config, signal });
  if (full.status !== 0) throw fetchFailed(endpoint, source, full);
  return FETCHED;
}

/**
 * The id of what `revision` names in a remote repository (its HEAD unless given), tags followed, by a list of
 * its references: nothing is fetched.
 * @throws {DocteurError} `REF_NOT_FOUND`, `REF_AMBIGUOUS`, `EMPTY_REPOSITORY`, `FETCH_FAILED`, `TIMEOUT`.
 */
export async function resolveRemote(
  endpoint: RemoteEndpoint,
  revision: string | undefined,
  options: ResolveOptions,
): Promise<string> {
  const access = await gitAccess(endpoint, options.signal);
  const refs = await withIdleTimeout(endpoint, options, (watched) =>
    listRemote(endpoint, { ...access, ...watched }),
  );
  const source = refspecSource(refs, revision, endpoint.display);
  const ref = refs.find(({ name, id }) => (isObjectId(source) ? id : name) === source);
  return ref?.peeled ?? ref?.id ?? source;
}

/** Runs git and ends it after `timeout` seconds without a word on standard error. */
async function withIdleTimeout<Result>(
  endpoint: RemoteEndpoint,
  { timeout, signal }: ResolveOptions,
  run: (watched: Pick<GitOptions, "onActivity" | "signal">) => Promise<Result>,
): Promise<Result> {
  using idle = new IdleTimeout(endpoint.display, timeout);
  const signals = signal === undefined ? [idle.signal] : [idle.signal, signal];
  return await run({ onActivity: () => idle.activity(), signal: AbortSignal.any(signals) });
}

/** The source of the refspec to fetch: a reference's full name or an id. */
function refspecSource(refs: readonly Ref[], revision: string | undefined, where: string): string {
  if (revision === undefined || revision === "HEAD") {
    if (!refs.some((ref) => ref.name === "HEAD")) throw noHead(refs, where);
    return "HEAD";
  }
  const ref = findRef(refs, revision);
  if (ref !== undefined) return ref.name;
  const digits = refs[0]?.id.length;
  if (isObjectId(revision) && revision.length === (digits ?? revision.length)) return revision.toLowerCase();
  if (/^[0-9a-f]{4,}$/i.test(revision) && revision.length < (digits ?? 0))
    return tipThatStartsWith(refs, revision.toLowerCase(), where);
  throw refNotFound(refs, revision, where);
}

/** A server does not expand a short id; that of a branch's or tag's tip is in the list of references. */
function tipThatStartsWith(refs: readonly Ref[], digits: string, where: string): string {
  const ids = [...new Set(refs.map((ref) => ref.id).filter((id) => id.startsWith(digits)))];
  if (ids.length === 1) return ids[0]!;
  if (ids.length > 1)
    throw new DocteurError("REF_AMBIGUOUS", `${digits} is ambiguous in ${where}: give the full id`);
  const error = refNotFound(refs, digits, where);
  throw new DocteurError(error.code, `${error.message}; for a commit that is no tip, give the full id`);
}

async function listRemote(endpoint: RemoteEndpoint, options: GitOptions): Promise<Ref[]> {
  const args = ["ls-remote", "--quiet", "--", endpoint.url];
  const result = await tryGit(args, options);
  if (result.status !== 0) throw unreachable(endpoint, result);
  return parseRefList(result.stdout, endpoint.display);
}

function fetchArguments(endpoint: RemoteEndpoint, source: string, depth: readonly string[]): string[] {
  return [
    ...["fetch", ...depth, "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--progress"],
    ...["--", endpoint.url, `+${source}:${FETCHED}`],
  ];
}

function fetchFailed(endpoint: RemoteEndpoint, source: string, result: GitResult): DocteurError {
  if (/not our ref|unadvertised object|no such remote ref|couldn't find remote ref/i.test(result.stderr)) {
    return new DocteurError(
      "REF_NOT_FOUND",
      `${endpoint.display} has no commit ${source}, or does not serve it`,
    );
  }
  return unreachable(endpoint, result);
}

function unreachable(endpoint: RemoteEndpoint, result: GitResult): DocteurError {
  const cause = gitFailed(["fetch"], result);
  if (/ssh.*: (command )?not found$|cannot run \S*ssh\S*: No such file/m.test(result.stderr)) {
    return new DocteurError(
      "SSH_MISSING",
      `${endpoint.display} needs ssh, which is not installed: on Debian or Ubuntu, apt install openssh-client`,
    );
  }
  return new DocteurError("FETCH_FAILED", `cannot fetch from ${endpoint.display}: ${reason(result)}`, {
    cause,
  });
}

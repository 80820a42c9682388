import { type Stats, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../reader/errors.ts";
import { algorithmOf, type ObjectFormat } from "../reader/git/object-format.ts";
import { NODE_FORMATS } from "../reader/node-platform.ts";
import type { Author } from "./folder/author.ts";
import type { CommitDate } from "./folder/date.ts";
import type { Exclusion } from "./folder/exclusion.ts";
import { stageFolder } from "./folder/stage.ts";
import type { MakeOptions, MakeResult } from "./make-options.ts";
import type { Effort } from "./packing/compression.ts";
import type { PackFiles } from "./packing/pack-objects.ts";
import { gitProgressTo } from "./progress.ts";
import { Bundle } from "./source/bundle.ts";
import { isBundle } from "./source/bundle-header.ts";
import type { Endpoint, LocalEndpoint, RemoteEndpoint } from "./source/endpoint.ts";
import { findRepository, isSame, resolveCommit } from "./source/local-repository.ts";
import { fetchRemote } from "./source/remote-repository.ts";
import { checkRequestedFormat } from "./source/requested-format.ts";

/** A commit in a repository on this machine, which is to be packed, or one that a folder became. */
export type Source = RepositorySource | FolderSource;

interface CommonSource {
  readonly kind: MakeResult["source"];
  /** How its objects are named. */
  readonly format: ObjectFormat;
  readonly commit: string;
  readonly notes: readonly string[];
}

export interface RepositorySource extends CommonSource {
  readonly kind: "repository";
  readonly gitDir: string;
  /** The work tree of a repository whose HEAD is packed, if it has one. */
  readonly workTree?: string | undefined;
}

export interface FolderSource extends CommonSource {
  readonly kind: "folder";
  /** PACKs that together have its objects, each object in one of them. */
  readonly packed: readonly PackFiles[];
}

/** The options that a source needs, checked and parsed. */
export interface SourceSettings {
  readonly author: Author;
  readonly date: CommitDate;
  readonly effort: Effort;
  readonly excluded: Exclusion;
  /** Seconds. */
  readonly timeout: number;
  /** Files that docteur writes itself, which a folder's image omits. */
  readonly outputs: readonly string[];
}

/**
 * Fetches a remote repository, unpacks a bundle, opens a local repository, or turns a folder into a commit.
 * @param temporary a folder for what git reads.
 * @throws {DocteurError} `OBJECT_FORMAT`, and as `fetchRemote`, `Bundle`, `findRepository`, `resolveCommit` and
 * `stageFolder` do.
 */
export async function openSource(
  endpoint: Endpoint,
  temporary: string,
  settings: SourceSettings,
  options: MakeOptions,
): Promise<Source> {
  if (endpoint.kind === "remote") return await fromRemote(endpoint, temporary, settings.timeout, options);
  if (isBundle(endpoint.path)) return await fromBundle(endpoint, temporary, settings.outputs, options);
  const repository = options.worktree ? undefined : await fromLocalRepository(endpoint, temporary, options);
  return repository ?? (await fromFolder(endpoint, temporary, settings, options));
}

async function fromRemote(
  endpoint: RemoteEndpoint,
  temporary: string,
  timeout: number,
  options: MakeOptions,
): Promise<Source> {
  const { objectFormat, signal } = options;
  const gitDir = join(temporary, "repository.git");
  const onProgress = gitProgressTo(options.onProgress, ["fetch"]);
  const fetching = { timeout, objectFormat, onProgress, signal };
  const fetched = await fetchRemote(endpoint, options.ref, gitDir, fetching);
  const commit = await resolveCommit(gitDir, endpoint.display, fetched, signal, options.ref ?? "HEAD");
  return repositorySource(gitDir, commit, options);
}

async function fromBundle(
  { path }: LocalEndpoint,
  temporary: string,
  outputs: readonly string[],
  options: MakeOptions,
): Promise<Source> {
  if (outputs.some((file) => isSame(file, path))) {
    throw new DocteurError("IMAGE_PATH", `the image would replace the bundle ${path}: choose another path`);
  }
  const { objectFormat, ref, signal } = options;
  using bundle = Bundle.open(path);
  checkRequestedFormat(bundle.format, objectFormat, path);
  const gitDir = join(temporary, "repository.git");
  await bundle.unbundle(gitDir, { onProgress: gitProgressTo(options.onProgress, ["fetch"]), signal });
  return repositorySource(gitDir, await resolveCommit(gitDir, path, ref, signal), options);
}

/** Undefined when the path is a folder that is no repository. */
async function fromLocalRepository(
  endpoint: LocalEndpoint,
  temporary: string,
  options: MakeOptions,
): Promise<Source | undefined> {
  const into = join(temporary, "source");
  await mkdir(into);
  const repository = await findRepository(endpoint.path, into, options.signal);
  if (repository === undefined) return undefined;
  const { gitDir, workTree, format } = repository;
  checkRequestedFormat(format, options.objectFormat, endpoint.path);
  const commit = await resolveCommit(gitDir, endpoint.path, options.ref, options.signal).catch((error) => {
    throw repository.inSource(error);
  });
  const source = repositorySource(gitDir, commit, options);
  return { ...source, workTree: options.ref === undefined ? workTree : undefined };
}

function repositorySource(gitDir: string, commit: string, options: MakeOptions): RepositorySource {
  const format = NODE_FORMATS[algorithmOf(commit)];
  return { kind: "repository", gitDir, format, commit, notes: ignoredForRepository(options) };
}

/** A repository's commit has its own date and author; the original accepts `-d` and ignores it, too. */
function ignoredForRepository(options: MakeOptions): string[] {
  const given = [
    options.date === undefined ? "" : "-d",
    options.author === undefined ? "" : "--author",
    options.exclude === undefined || options.exclude.length === 0 ? "" : "--exclude",
    options.worktree ? "--worktree" : "",
  ];
  return given.filter((name) => name !== "").map((name) => `this is a repository: ${name} has no effect`);
}

async function fromFolder(
  { path }: LocalEndpoint,
  temporary: string,
  settings: SourceSettings,
  { ref, repack, objectFormat = "sha1", onProgress, signal }: MakeOptions,
): Promise<Source> {
  const outputs = settings.outputs.map((file) => statSync(file, { throwIfNoEntry: false }));
  const isOutput = (stats: Stats) =>
    outputs.some((file) => file?.ino === stats.ino && file.dev === stats.dev);
  const { author, date, effort, excluded } = settings;
  const format = NODE_FORMATS[objectFormat];
  const staged = await stageFolder(path, temporary, {
    format,
    author,
    date,
    effort,
    isOutput,
    excluded,
    onProgress,
    signal,
  });
  const given = [ref === undefined ? "" : "-b", repack ? "--repack" : ""].filter((name) => name !== "");
  const ignored = given.map((name) => `${path} is a folder: ${name} has no effect`);
  if (staged.excluded > 0) ignored.push(`${staged.excluded} files and folders are left out: --exclude`);
  return {
    kind: "folder",
    format,
    commit: staged.commit,
    packed: staged.sources,
    notes: [...staged.notes, ...ignored],
  };
}

import { type Stats, statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkBlockSize, DEFAULT_BLOCK_SIZE } from "./block-size.ts";
import { type Author, DEFAULT_AUTHOR, parseAuthor } from "./folder/author.ts";
import { type CommitDate, currentDate, parseDate } from "./folder/date.ts";
import { type Exclusion, exclusion } from "./folder/exclusion.ts";
import { type StagedFolder, stageFolder } from "./folder/stage.ts";
import { ImageFile } from "./image.ts";
import { type Compression, type Effort, effortOf } from "./packing/compression.ts";
import { packAnew } from "./packing/pack-anew.ts";
import { type Repacked, repack } from "./packing/repack.ts";
import { takeOver } from "./packing/take-over.ts";
import { gitProgressTo, type OnProgress } from "./progress.ts";
import { type LocalEndpoint, parseEndpoint, type RemoteEndpoint } from "./source/endpoint.ts";
import { requireGit } from "./source/git.ts";
import { checkTimeout, DEFAULT_TIMEOUT } from "./source/idle-timeout.ts";
import { findRepository, requireFolder, resolveCommit } from "./source/local-repository.ts";
import { fetchRemote } from "./source/remote-repository.ts";
import { surveyNotes } from "./source/survey.ts";
import { countUncommitted, uncommittedNotes } from "./source/uncommitted.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface MakeOptions {
  /** What to ship; see `parseEndpoint` for its forms. */
  readonly repository: string;
  /** The file to write. It appears whole or not at all; what was there before is replaced. */
  readonly image: string;
  /** Branch, tag or commit of a repository. Default: its HEAD. */
  readonly ref?: string | undefined;
  /** RFC 3339; the date of a folder's commit. Default: now, in this machine's zone. */
  readonly date?: string | undefined;
  /** Bytes, a multiple of 512. Default: 512. */
  readonly blockSize?: number | undefined;
  /** `Name <email>`, for a folder's commit. Default: the original's Dr. Greenthumb. */
  readonly author?: string | undefined;
  /**
   * How much time goes into a small image: `fast` neither looks for deltas nor compresses well, `best` takes several
   * times as long as `default`. What a repository has compressed already is taken as it is, unless `repack`. Default:
   * `default`.
   */
  readonly compression?: Compression | undefined;
  /** Store every file whole, none as a delta, so that a server can pass on what is stored. Default false. */
  readonly withoutDeltas?: boolean | undefined;
  /**
   * Compress a repository's objects anew, unless what it has is smaller; where `compression` or `withoutDeltas` is given, even
   * then. Default false.
   */
  readonly repack?: boolean | undefined;
  /** Take a work tree as the folder that it is rather than its commit. Default false. */
  readonly worktree?: boolean | undefined;
  /** What to leave out of a folder; see `exclusion`. Default: nothing. */
  readonly exclude?: readonly string[] | undefined;
  /** Seconds without data from a server after which the fetch fails, from 1. Default: 120. */
  readonly timeout?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Aborting leaves nothing behind; `makeImage` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface MakeResult {
  /** Absolute path of the image. */
  readonly image: string;
  /** The commit's id, 40 hexadecimal digits. */
  readonly commit: string;
  /** Whether it is a repository's commit or was made of a folder. */
  readonly source: "repository" | "folder";
  /** Files and symbolic links in the commit. */
  readonly files: number;
  /** Bytes in all of them together. */
  readonly fileBytes: number;
  /** Paths where submodules' commits are recorded, as messages show them; their files are not in the image. */
  readonly submodules: readonly string[];
  /** Files that are pointers of Git LFS. */
  readonly lfsPointers: number;
  /** Bytes of the image. */
  readonly bytes: number;
  /** Bytes of the PACK in it. */
  readonly packBytes: number;
  /** What the user should know, one line each: what was left out, which option had no effect. */
  readonly notes: readonly string[];
}

/** A commit in a repository on this machine, ready to be packed. */
interface Source {
  readonly kind: MakeResult["source"];
  readonly gitDir: string;
  readonly commit: string;
  /** Of a folder. */
  readonly staged?: StagedFolder;
  /** Where the files of a repository lie whose HEAD is taken, if they lie anywhere. */
  readonly workTree?: string | undefined;
  readonly notes: readonly string[];
}

/**
 * Makes an image of a repository's commit or of a folder.
 * @throws {DocteurError} with a code for each thing that can be wrong with an option, the source, the image's place or
 * the disk; its message is one line without secrets.
 */
export async function makeImage(options: MakeOptions): Promise<MakeResult> {
  const { onProgress, signal } = options;
  const endpoint = parseEndpoint(options.repository);
  const blockSize = checkBlockSize(options.blockSize ?? DEFAULT_BLOCK_SIZE);
  const author = options.author === undefined ? DEFAULT_AUTHOR : parseAuthor(options.author);
  const timeout = checkTimeout(options.timeout ?? DEFAULT_TIMEOUT);
  const compression = options.compression ?? "default";
  const excluded = exclusion(options.exclude ?? []);
  const date = options.date === undefined ? currentDate() : parseDate(options.date);
  signal?.throwIfAborted();
  if (endpoint.kind === "local") requireFolder(endpoint.path);
  await requireGit(signal);

  await using image = await ImageFile.create(options.image);
  await using temporary = await temporaryFolder();
  const gitDir = join(temporary.path, "repository.git");
  const source =
    endpoint.kind === "remote"
      ? await fromRemote(endpoint, gitDir, timeout, options)
      : ((await fromLocalRepository(endpoint, temporary.path, options)) ??
        (await fromFolder(
          endpoint,
          temporary.path,
          { author, date, effort: effortOf(compression, options.withoutDeltas) },
          image,
          excluded,
          options,
        )));

  // What reads is loaded while git packs.
  const reading = import("./check-readable.ts");
  const packInto = join(temporary.path, "packs");
  const packAndWrite = async (reuseDeltas: boolean) => {
    await mkdir(packInto);
    const packing = pack(source, packInto, compression, { ...options, reuseDeltas });
    const checking = packing.then(async (packed) => {
      const { checkReadable } = await reading;
      return await checkReadable(packed.files, source.commit, endpoint.display, signal);
    });
    const writing = packing.then((packed) =>
      image.write({ ...packed.files, commit: source.commit, blockSize }, onProgress, signal),
    );
    // All must have ended before the temporary folder goes; of several failures the packing's says most.
    await Promise.allSettled([checking, writing]);
    return { ...(await checking), shape: await writing, packNotes: (await packing).notes };
  };
  const own = [image.path, image.temporary];
  const counting =
    source.workTree === undefined ? undefined : countUncommitted(source.gitDir, source.workTree, own, signal);
  const making = packAndWrite(true).then(async (made) => {
    if (!made.hasLargeDelta) return made;
    await rm(packInto, { recursive: true });
    return await packAndWrite(false);
  });
  await Promise.allSettled([making, counting]);
  const { survey, hidden, shape, packNotes } = await making;
  await image.publish();
  const { packBytes, bytes } = shape;
  return {
    image: image.path,
    commit: source.commit,
    source: source.kind,
    files: survey.files,
    fileBytes: survey.bytes,
    submodules: survey.submodules,
    lfsPointers: survey.lfsPointers,
    bytes,
    packBytes,
    notes: [
      ...source.notes,
      ...packNotes,
      ...uncommittedNotes(await counting),
      ...surveyNotes(survey),
      ...(await reading).hiddenNotes(hidden),
    ],
  };
}

async function fromRemote(
  endpoint: RemoteEndpoint,
  gitDir: string,
  timeout: number,
  options: MakeOptions,
): Promise<Source> {
  const { signal } = options;
  const onProgress = gitProgressTo(options.onProgress, ["fetch"]);
  const fetched = await fetchRemote(endpoint, options.ref, gitDir, { timeout, onProgress, signal });
  const commit = await resolveCommit(gitDir, endpoint.display, fetched, signal, options.ref ?? "HEAD");
  return { kind: "repository", gitDir, commit, notes: ignoredForRepository(options) };
}

/** Undefined when the path is a mere folder. */
async function fromLocalRepository(
  endpoint: LocalEndpoint,
  temporary: string,
  options: MakeOptions,
): Promise<Source | undefined> {
  if (options.worktree) return undefined;
  const into = join(temporary, "source");
  await mkdir(into);
  const repository = await findRepository(endpoint.path, into, options.signal);
  if (repository === undefined) return undefined;
  const { gitDir, workTree } = repository;
  const commit = await resolveCommit(gitDir, endpoint.path, options.ref, options.signal).catch((error) => {
    throw repository.inSource(error);
  });
  return {
    kind: "repository",
    gitDir,
    commit,
    workTree: options.ref === undefined ? workTree : undefined,
    notes: ignoredForRepository(options),
  };
}

/** A repository's commit has its own date and author; the original takes `-d` and ignores it, too. */
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
  how: { readonly author: Author; readonly date: CommitDate; readonly effort: Effort },
  image: ImageFile,
  excluded: Exclusion,
  { ref, repack, onProgress, signal }: MakeOptions,
): Promise<Source> {
  const outputs = [image.path, image.temporary].map((file) => statSync(file, { throwIfNoEntry: false }));
  const isOutput = (stats: Stats) =>
    outputs.some((file) => file?.ino === stats.ino && file.dev === stats.dev);
  const gitDir = join(temporary, "repository.git");
  const reading = { isOutput, excluded, onProgress, signal };
  const staged = await stageFolder(path, gitDir, temporary, how, reading);
  const given = [ref === undefined ? "" : "-b", repack ? "--repack" : ""].filter((name) => name !== "");
  const ignored = given.map((name) => `${path} is a folder: ${name} has no effect`);
  if (staged.excluded > 0) ignored.push(`${staged.excluded} files and folders are left out: --exclude`);
  return {
    kind: "folder",
    gitDir,
    commit: staged.commit,
    staged,
    notes: [...staged.notes, ...ignored],
  };
}

async function pack(
  { staged, gitDir, commit }: Source,
  folder: string,
  compression: Compression,
  {
    repack: isRepacked,
    compression: wanted,
    withoutDeltas,
    reuseDeltas,
    onProgress,
    signal,
  }: MakeOptions & { readonly reuseDeltas: boolean },
): Promise<Repacked> {
  const always = wanted !== undefined || withoutDeltas === true;
  const effort = { compression, withoutDeltas, signal };
  const onTakeOver = gitProgressTo(onProgress, ["count", "compress", "pack"]);
  const onAnew =
    onProgress &&
    ((done: number, total: number) => onProgress({ phase: "compress", unit: "objects", done, total }));
  if (staged !== undefined) {
    const followedBy = staged.finished;
    const anew = { ...effort, followedBy, onProgress: onAnew };
    return { files: await packAnew(gitDir, staged.objects, folder, anew), notes: [] };
  }
  if (!isRepacked || !reuseDeltas) {
    return {
      files: await takeOver(gitDir, commit, folder, { ...effort, reuseDeltas, onProgress: onTakeOver }),
      notes: [],
    };
  }
  return await repack(gitDir, commit, folder, { ...effort, always, onTakeOver, onProgress: onAnew });
}

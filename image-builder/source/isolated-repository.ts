import * as fs from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { encodeConfig, isFact, isFormat, readConfig, type Setting } from "./source-config.ts";

/** A Git directory that stands for a repository's own. */
export interface IsolatedRepository {
  /** What git is to read instead. */
  readonly gitDir: string;
  /** Whether the settings say that it has no work tree. Of no meaning in a linked work tree. */
  readonly bare: boolean;
  /**
   * Where they say that it is, an absolute path; undefined if they say nothing, and in a linked work tree.
   */
  readonly workTree: string | undefined;
  /** What git says, with the paths of the repository that it stands for. */
  inSource(text: string): string;
}

/** What git reads of a Git directory (gitrepository-layout(5)), besides HEAD and settings. */
const ENTRIES =
  /^(index|logs|objects|packed-refs|refs|reftable|shallow|sharedindex\.[0-9a-f]+|[A-Z_]+_HEAD)$/;

/** Bytes; `.git` files, `commondir` and HEAD hold a path or the name of a ref. */
const MAX_LINE = 64 * 1024;

/** Bytes of a repository's own attributes or ignore patterns. */
const MAX_INFO = 4 * 1024 * 1024;

/**
 * Lays out, in the empty folder `into`, a Git directory with the refs, the index and the objects of another,
 * by symbolic links, and with settings of its own. What git does there reads nothing of the other's `config`,
 * and so runs nothing that it names: hooks, filters, helpers and transports are unknown, includes are not
 * followed, and a missing object is fetched from nowhere. This holds for any version of git, and for settings
 * that are yet to be invented. Those settings come along that say how the repository is stored and what its
 * file system is like.
 *
 * @param source a Git directory, or the `.git` file of a linked work tree or a submodule.
 * @throws {DocteurError} `NOT_A_REPOSITORY`: the settings or the `.git` file cannot be read. Git checks the
 * rest.
 */
export async function isolateRepository(
  source: string,
  into: string,
  signal?: AbortSignal,
): Promise<IsolatedRepository> {
  const gitDir = await followGitFile(source);
  const common = await readLine(join(gitDir, "commondir"));
  const main = common === undefined ? gitDir : resolve(gitDir, common);
  const settings = await readConfig(join(main, "config"), signal);
  const own = join(into, "repository.git");
  await mirror(main, own);
  const kept = settings.filter((setting) => isFormat(setting) || isFact(setting));
  // Bare, so that git takes no attributes from the folder that this process runs in.
  await fs.writeFile(join(own, "config"), encodeConfig([...kept, { key: "core.bare", value: "true" }]));
  await fs.mkdir(join(own, "info"));
  for (const name of ["attributes", "exclude"]) {
    const content = await readSmall(join(main, "info", name), MAX_INFO);
    if (content !== undefined) await fs.writeFile(join(own, "info", name), content);
  }
  const linked = join(into, "worktree.git");
  const inSource = (text: string) => text.replaceAll(own, main).replaceAll(linked, gitDir);
  if (common === undefined) {
    const workTree = lastOf(settings, "core.worktree")?.value;
    return {
      gitDir: own,
      bare: isTrue(lastOf(settings, "core.bare")),
      workTree: workTree === undefined ? undefined : resolve(gitDir, workTree),
      inSource,
    };
  }
  await mirror(gitDir, linked);
  await fs.writeFile(join(linked, "commondir"), `${own}\n`);
  return { gitDir: linked, bare: false, workTree: undefined, inSource };
}

/** Makes a folder with HEAD as it is in another, and with links to what else git reads there. */
async function mirror(gitDir: string, folder: string): Promise<void> {
  await fs.mkdir(folder);
  const names = await fs.readdir(gitDir).catch(() => []);
  for (const name of names.filter((each) => ENTRIES.test(each))) {
    const target = await fs.realpath(join(gitDir, name)).catch(() => undefined);
    if (target === undefined) continue;
    const stats = await fs.stat(target);
    // Of a FIFO git would wait for the end.
    if (stats.isFile() || stats.isDirectory()) await fs.symlink(target, join(folder, name));
  }
  await copyHead(join(gitDir, "HEAD"), join(folder, "HEAD"));
}

/**
 * Git takes a HEAD that is a symbolic link for one to a ref, so the copy is a file unless the original is
 * such a link.
 */
async function copyHead(from: string, to: string): Promise<void> {
  const target = await fs.readlink(from).catch(() => undefined);
  if (target?.startsWith("refs/")) return fs.symlink(target, to);
  const content = await readSmall(from, MAX_LINE);
  if (content !== undefined) await fs.writeFile(to, content);
}

/** The Git directory that a `.git` file names, or `path` itself (gitrepository-layout(5), "gitfile"). */
async function followGitFile(path: string): Promise<string> {
  const line = await readLine(path);
  if (line === undefined) return path;
  const [, target] = /^gitdir: (.+)$/s.exec(line) ?? [];
  if (target === undefined) throw new DocteurError("NOT_A_REPOSITORY", `invalid gitfile format: ${path}`);
  return resolve(dirname(path), target);
}

/** What a file of one line holds; undefined if there is no such file. */
async function readLine(path: string): Promise<string | undefined> {
  return (await readSmall(path, MAX_LINE))?.toString().replace(/[\r\n]+$/, "");
}

async function readSmall(path: string, limit: number): Promise<Buffer | undefined> {
  const stats = await fs.stat(path).catch(() => undefined);
  if (stats === undefined || !stats.isFile() || stats.size > limit) return undefined;
  return fs.readFile(path).catch(() => undefined);
}

/** The last of several counts. */
function lastOf(settings: readonly Setting[], key: string): Setting | undefined {
  return settings.findLast((setting) => setting.key === key);
}

/** As git reads a truth value (git-config(1), "Values"); a name alone is true. */
function isTrue(setting: Setting | undefined): boolean {
  return setting !== undefined && !/^(false|no|off|0|)$/i.test(setting.value ?? "true");
}

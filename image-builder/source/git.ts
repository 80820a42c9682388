import { execa } from "execa";
import { DocteurError } from "../../reader/errors.ts";
import { noTemporarySpace } from "../temporary-folder.ts";
import { gitEnvironment, SETTINGS } from "./git-environment.ts";
import { GitProgress, type OnGitProgress } from "./git-progress.ts";
import { type GitSettings, gitSettings } from "./git-settings.ts";
import { killOnExit } from "./kill-on-exit.ts";
import { killProcessTree } from "./process-tree.ts";
import { maskUrls, type Secret } from "./secret.ts";

/** The oldest git that works; `--config-env` needs it (git 2.31). */
export const MINIMAL_GIT = "2.31";

/** Characters of git's reason that a message has: a name in it may be of any length. */
const LONGEST_REASON = 1000;

/** Keeps git from using a repository in the working directory, and its settings. */
const NO_REPOSITORY = "/dev/null";

export interface GitOptions {
  /** The repository, a Git directory. Default: none; that of the working directory is never read. */
  readonly gitDir?: string | undefined;
  /** What git reads on its standard input; nothing unless given. */
  readonly input?: string | Uint8Array;
  /** An open file that git reads on its standard input, from its position on, instead of `input`. */
  readonly inputFile?: number;
  /** Settings that win over the user's; other users cannot see their values. */
  readonly config?: GitSettings;
  readonly env?: Readonly<Record<string, string>>;
  /** Masked in git's messages. */
  readonly secrets?: readonly Secret[];
  /** How standard output becomes text. Default `utf8`; `latin1` keeps every byte. */
  readonly encoding?: "utf8" | "latin1";
  /** Called with standard output as it comes, of which nothing is kept then. */
  readonly onOutput?: ((chunk: Uint8Array) => void) | undefined;
  readonly onProgress?: OnGitProgress | undefined;
  /** Called whenever git writes to standard error. */
  readonly onActivity?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of a run of git. */
export interface GitResult {
  /** 0 to 255. */
  readonly status: number;
  readonly stdout: string;
  /** Without progress lines, secrets masked. */
  readonly stderr: string;
}

/**
 * Runs git and returns its standard output.
 * @throws {DocteurError} `GIT_FAILED` with git's own reason in one line, `GIT_MISSING`, `DISK_FULL`; the
 * signal's reason when aborted.
 */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<string> {
  const result = await tryGit(args, options);
  if (result.status !== 0) throw gitFailed(args, result);
  return result.stdout;
}

/**
 * Runs git and returns its outcome, whatever its exit status.
 * @throws {DocteurError} `GIT_MISSING`, or `GIT_FAILED` if a signal ended it; the signal's reason when
 * aborted.
 */
export async function tryGit(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  options.signal?.throwIfAborted();
  const progress = new GitProgress(options.onProgress);
  const gitDir = `--git-dir=${options.gitDir ?? NO_REPOSITORY}`;
  const own = SETTINGS.flatMap((setting) => ["-c", setting]);
  const more = gitSettings(options.config ?? []);
  const child = execa("git", [gitDir, ...own, ...more.args, ...args], {
    env: gitEnvironment(process.env, { ...more.env, ...options.env }),
    extendEnv: false,
    reject: false,
    // Execa's cleanup listens to every signal, after which those that Node ignores (SIGXFSZ) end the process.
    cleanup: false,
    stripFinalNewline: false,
    maxBuffer: 512 * 1024 * 1024,
    encoding: options.encoding ?? "utf8",
    buffer: { stdout: options.onOutput === undefined, stderr: false },
    ...(options.input === undefined ? { stdin: stdinOf(options.inputFile) } : { input: options.input }),
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    options.onActivity?.();
    progress.write(chunk);
  });
  if (options.onOutput !== undefined) child.stdout.on("data", options.onOutput);
  const kill = () => killProcessTree(child.pid);
  options.signal?.addEventListener("abort", kill, { once: true });
  const result = await killOnExit(child, kill).finally(() =>
    options.signal?.removeEventListener("abort", kill),
  );
  options.signal?.throwIfAborted();
  if (result.code === "ENOENT") {
    throw new DocteurError("GIT_MISSING", "git is not installed: on Debian and Ubuntu, apt-get install git");
  }
  // A limit on the size of files.
  if (result.signal === "SIGXFSZ") throw noTemporarySpace();
  if (result.exitCode === undefined) {
    const why = result.signal === undefined ? result.code : `ended by ${result.signal}`;
    throw new DocteurError("GIT_FAILED", `git ${args[0]} ended abnormally: ${why}`);
  }
  const stderr = (options.secrets ?? []).reduce(
    (text, secret) => secret.redact(text),
    maskUrls(progress.rest()),
  );
  return { status: result.exitCode, stdout: String(result.stdout), stderr };
}

/** Execa takes any descriptor, though its types name those up to 9 only. */
function stdinOf(file: number | undefined): 3 | "ignore" {
  return (file as 3 | undefined) ?? "ignore";
}

/** The error for a run that failed: `DISK_FULL`, or the line in which git says why. */
export function gitFailed(args: readonly string[], result: GitResult): DocteurError {
  // git writes to docteur's temporary folder only.
  if (/No space left on device|Out of diskspace|Disk quota exceeded|File too large/i.test(result.stderr)) {
    return noTemporarySpace();
  }
  return new DocteurError("GIT_FAILED", `git ${args[0]} failed: ${reason(result)}`);
}

/**
 * Git's own reason, one line. The `fatal:` line says what stopped it; errors before it are often the cause.
 */
export function reason(result: GitResult): string {
  const lines = result.stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const said = lines
    // A line that ends in a colon is continued in the next.
    .map((line, index) => (line.endsWith(":") ? `${line} ${lines[index + 1] ?? ""}`.trim() : line))
    .filter((line) => /^(fatal|error|remote: (fatal|error)|ssh|.*denied|.*refused)/i.test(line));
  const picked = [said[0], said.findLast((line) => line.startsWith("fatal:"))].filter(
    (line) => line !== undefined,
  );
  const text = [...new Set(picked)].map((line) => line.replace(/^(fatal|error): /, "")).join("; ");
  return shortened(text || lines.at(-1) || `exit status ${result.status}`);
}

function shortened(text: string): string {
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}...` : text;
}

/** @throws {DocteurError} `GIT_MISSING`, or `GIT_TOO_OLD` for a git older than `MINIMAL_GIT`. */
export async function requireGit(signal?: AbortSignal): Promise<void> {
  const said = await git(["version"], { signal });
  const [, major, minor] = /(\d+)\.(\d+)/.exec(said) ?? [];
  const [needMajor, needMinor] = MINIMAL_GIT.split(".").map(Number) as [number, number];
  if (Number(major) > needMajor || (Number(major) === needMajor && Number(minor) >= needMinor)) return;
  throw new DocteurError(
    "GIT_TOO_OLD",
    `${said.trim()} is too old: docteur needs git ${MINIMAL_GIT} or later`,
  );
}

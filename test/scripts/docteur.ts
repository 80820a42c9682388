import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { execa, type Options } from "execa";
import { withoutFirstRunNotes } from "../first-run.ts";

/** The checkout that is tested. */
export const CHECKOUT = join(import.meta.dirname, "../..");

const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
  LC_ALL: "C.UTF-8",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Ada Lovelace",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada Lovelace",
  GIT_COMMITTER_EMAIL: "ada@example.com",
};

/**
 * Runs a command as a shell would, in an environment that does not depend on who runs the tests. What it
 * writes comes back as bytes, whatever its exit status is.
 */
export async function command(file: string, args: readonly string[], options: Options = {}) {
  const result = await execa(file, args, {
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    encoding: "buffer",
    ...(options.stdin === undefined && options.input === undefined ? { stdin: "ignore" as const } : {}),
    ...options,
    env: { ...ENVIRONMENT, ...options.env },
  });
  return {
    status: result.exitCode,
    signal: result.signal,
    stdout: Buffer.from((result.stdout as Uint8Array | undefined) ?? []),
    stderr: withoutFirstRunNotes(Buffer.from((result.stderr as Uint8Array | undefined) ?? []).toString()),
  };
}

/** Runs `scripts/docteur`. */
export function docteur(args: readonly string[], options: Options = {}) {
  return command(join(CHECKOUT, "scripts/docteur"), args, options);
}

/** Runs git and gives its standard output. @throws if it fails. */
export async function git(folder: string, ...args: string[]): Promise<Buffer> {
  const { status, stdout, stderr } = await command("git", ["-C", folder, ...args]);
  if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** Asserts a refusal: nothing on standard output, one line of ours on standard error, no stack. */
export function refused(
  t: ExecutionContext,
  result: Awaited<ReturnType<typeof command>>,
  status: number,
  message: RegExp,
): void {
  t.is(result.stdout.toString(), "");
  t.regex(result.stderr, /^docteur: [^\n]+\n$/, "one line");
  t.regex(result.stderr, message);
  t.notRegex(result.stderr, /^\s+at /m, "a stack trace");
  t.is(result.status, status);
}

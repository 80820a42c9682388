// The host that reads: the command, and a cache of its own.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { cacheFolder } from "../../vm/cache/cache.ts";
import { installed } from "../lib/installed.ts";

/** The command. */
export const DOCTEUR = installed();

/** A folder that is removed at the end. */
export const temporary = mkdtempSync(join(tmpdir(), "docteur-bench-"));
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));

/** What stands for `~/.cache`: its blocks can be dropped without those of the user. */
export const HOME: string = join(cacheFolder(), "bench", "remote");
const own = join(HOME, "docteur");
mkdirSync(own, { recursive: true, mode: 0o700 });
for (const name of readdirSync(cacheFolder())) {
  // It need not be fetched again.
  if (name.startsWith("kernel-") && !existsSync(join(own, name)))
    symlinkSync(join(cacheFolder(), name), join(own, name));
}

/** Of the processes that read. */
export const ENV: Readonly<Record<string, string | undefined>> = {
  ...process.env,
  XDG_CACHE_HOME: HOME,
  HOME: temporary,
};

/** An empty folder, for the files of a server. */
export function folder(name: string): string {
  return mkdtempSync(join(temporary, `${name}.`));
}

/** An empty cache, as of another host; what compiling docteur has brought is there. */
export function hostCache(): string {
  const home = folder("host");
  mkdirSync(join(home, "docteur"), { mode: 0o700 });
  for (const name of readdirSync(own)) {
    if (name !== "blocks") symlinkSync(join(own, name), join(home, "docteur", name));
  }
  return home;
}

/** Makes the cache of blocks empty. */
export function dropBlocks(): void {
  rmSync(join(own, "blocks"), { recursive: true, force: true });
}

export interface Run {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly status: number | undefined;
  readonly seconds: number;
}

export interface RunOptions {
  readonly input?: Buffer;
  /** Seconds after which it is killed. */
  readonly limit?: number;
  readonly cacheHome?: string;
  /** Whether what it prints goes nowhere. */
  readonly discards?: boolean;
}

/** Runs the command on this host. */
export async function docteur(
  args: readonly string[],
  { input, limit = 600, cacheHome = HOME, discards = false }: RunOptions = {},
): Promise<Run> {
  const start = process.hrtime.bigint();
  const { stdout, stderr, exitCode } = await execa(DOCTEUR, args, {
    env: { ...ENV, XDG_CACHE_HOME: cacheHome },
    encoding: "buffer",
    reject: false,
    stripFinalNewline: false,
    timeout: limit * 1000,
    ...(discards && { stdout: "ignore" as const }),
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  return {
    stdout: Buffer.from(stdout ?? []),
    stderr: Buffer.from(stderr).toString(),
    status: exitCode,
    seconds,
  };
}

/** The same of what must succeed. @returns what it printed. */
export async function succeed(args: readonly string[], options?: RunOptions): Promise<Buffer> {
  const { stdout, stderr, status } = await docteur(args, options);
  if (status === 0) return stdout;
  throw new Error(`docteur ${args.join(" ")} ends with ${status}: ${stderr.trim()}`);
}

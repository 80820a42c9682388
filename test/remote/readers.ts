import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { ExecutionContext } from "ava";

const READER = join(import.meta.dirname, "opening-reader.ts");

/** What a process opens and reads: the arguments of opening-reader.ts; its HOME, by default none. */
export interface Reader {
  readonly args: readonly string[];
  readonly home?: string;
}

/** Starts so many processes; then they all open and read at once. @returns what each prints. */
export async function startReaders(
  t: ExecutionContext,
  count: number,
  reader: (n: number) => Reader,
): Promise<string[]> {
  const all = Array.from({ length: count }, (_, n) => {
    const { args, home = "/nonexistent" } = reader(n);
    const child = spawn(process.execPath, [READER, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { XDG_CACHE_HOME: process.env.XDG_CACHE_HOME, HOME: home },
    });
    t.teardown(() => child.kill("SIGKILL"));
    return { child, ready: once(child.stdout, "data") };
  });
  await Promise.all(all.map(({ ready }) => ready));
  return await Promise.all(
    all.map(async ({ child }) => {
      child.stdin.end();
      return (await text(child.stdout)).trim();
    }),
  );
}

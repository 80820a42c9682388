import { execa } from "execa";
import { endedChildrenTime } from "./cpu-time.ts";
import { packagedTool, type Tool } from "./packages.ts";

/** What else answers. */
export function nginx(): Promise<Tool> {
  return packagedTool("sbin/nginx", "nginx");
}

/** An answer that takes longer is an error; a client would not wait. */
const LIMIT_SECONDS = 10;

/** What wrk measured. */
export interface Load {
  /** Requests answered a second. */
  readonly rate: number;
  /** Requests answered. */
  readonly count: number;
  /** Milliseconds that half of the answers took at most, and 99 of 100. */
  readonly p50: number;
  readonly p99: number;
  /** Connections, requests and answers that failed, answers that took too long or have a status from 400. */
  readonly errors: number;
  /** Seconds of CPU that wrk itself took. */
  readonly cpu: number;
}

/** Asks for a URL over some connections for some seconds, as fast as answers come. */
export async function wrk(
  url: string,
  headers: readonly string[],
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Load> {
  const { path, env } = await packagedTool("bin/wrk", "wrk");
  const args = ["-t1", `-c${connections}`, `-d${seconds}`, `--timeout=${LIMIT_SECONDS}`, "--latency"];
  const before = endedChildrenTime();
  const { stdout } = await execa(path, [...args, ...headers.flatMap((header) => ["-H", header]), url], {
    env,
  });
  const cpu = endedChildrenTime() - before;
  const rate = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(stdout)?.[1]);
  const count = Number(/^\s+(\d+) requests in /m.exec(stdout)?.[1]);
  if (!(rate > 0)) throw new Error(`wrk: ${stdout}`);
  const failed = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const errors = (failed?.slice(1) ?? []).reduce((sum, each) => sum + Number(each), refused);
  return { rate, count, p50: percentile(stdout, 50), p99: percentile(stdout, 99), errors, cpu };
}

/** @returns milliseconds. */
function percentile(text: string, percent: number): number {
  const [, number, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)\\s*$`, "m").exec(text) ?? [];
  return Number(number) * { us: 1e-3, ms: 1, s: 1e3 }[unit as "us" | "ms" | "s"];
}

import { execa } from "execa";
import { packagedTool, type Tool } from "./packages.ts";

/** What else answers. */
export function nginx(): Promise<Tool> {
  return packagedTool("sbin/nginx", "nginx");
}

/** What wrk measured. */
export interface Load {
  /** Requests answered a second. */
  readonly rate: number;
  /** Milliseconds that 99 of 100 answers took at most. */
  readonly p99: number;
}

/**
 * Asks for a URL over some connections for some seconds, as fast as answers come. @throws if any is not as
 * expected.
 */
export async function wrk(
  url: string,
  headers: readonly string[],
  { connections = 8, seconds = 4 } = {},
): Promise<Load> {
  const { path, env } = await packagedTool("bin/wrk", "wrk");
  const args = [`-t1`, `-c${connections}`, `-d${seconds}`, "--latency"];
  const { stdout } = await execa(path, [...args, ...headers.flatMap((header) => ["-H", header]), url], {
    env,
  });
  const rate = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(stdout)?.[1]);
  const [, number, unit] = /^\s+99%\s+([\d.]+)(us|ms|s)$/m.exec(stdout) ?? [];
  if (!(rate > 0) || /Non-2xx or 3xx/.test(stdout)) throw new Error(`wrk: ${stdout}`);
  return { rate, p99: Number(number) * { us: 1e-3, ms: 1, s: 1e3 }[unit as "us" | "ms" | "s"] };
}

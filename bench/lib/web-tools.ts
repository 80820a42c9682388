import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { cached } from "../../vm/cache.ts";
import { fetchPackages } from "../../vm/debian.ts";

/** What asks, and what else answers: fetched once, installed nowhere. */
const PACKAGES = ["wrk", "libluajit-5.1-2", "nginx", "libpcre2-8-0", "libssl3"];

/** A program of those packages and the environment it runs in. */
export async function webTool(name: "bin/wrk" | "sbin/nginx") {
  const folder = await cached("bench-web-tools", async (folder) => {
    await fetchPackages(async () => PACKAGES, join(folder, "root"));
  });
  const root = join(folder, "root");
  const libraries = ["usr/lib", "lib"].map((each) => join(root, each, "x86_64-linux-gnu"));
  const path = join(root, "usr", name);
  if (!existsSync(path)) throw new Error(`${path} is not in Debian's packages`);
  return { path, env: { LD_LIBRARY_PATH: libraries.join(":") } };
}

/** What wrk measured. */
export interface Load {
  /** Requests answered a second. */
  readonly rate: number;
  /** Milliseconds that 99 of 100 answers took at most. */
  readonly p99: number;
}

/** Asks for a URL over some connections for some seconds, as fast as answers come. @throws if any is not as expected. */
export async function wrk(
  url: string,
  headers: readonly string[],
  { connections = 8, seconds = 4 } = {},
): Promise<Load> {
  const { path, env } = await webTool("bin/wrk");
  const args = [`-t1`, `-c${connections}`, `-d${seconds}`, "--latency"];
  const { stdout } = await execa(path, [...args, ...headers.flatMap((header) => ["-H", header]), url], {
    env,
  });
  const rate = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(stdout)?.[1]);
  const [, number, unit] = /^\s+99%\s+([\d.]+)(us|ms|s)$/m.exec(stdout) ?? [];
  if (!(rate > 0) || /Non-2xx or 3xx/.test(stdout)) throw new Error(`wrk: ${stdout}`);
  return { rate, p99: Number(number) * { us: 1e-3, ms: 1, s: 1e3 }[unit as "us" | "ms" | "s"] };
}

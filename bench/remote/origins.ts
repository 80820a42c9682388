import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { requireTool } from "../../vm/tools.ts";
import { freePort } from "../lib/free-port.ts";

const LIMIT_MS = 30_000;

/** A server on this machine that has images. */
export interface Origin extends AsyncDisposable {
  readonly port: number;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/**
 * nginx that serves the files of a folder.
 * @param home an empty folder for its files. @param maxAge seconds for which files do not change.
 */
export async function nginxOrigin(
  home: string,
  root: string,
  { maxAge }: { maxAge?: number } = {},
): Promise<Origin> {
  const port = await freePort();
  const expires = maxAge === undefined ? "" : `add_header Cache-Control "max-age=${maxAge}, immutable";`;
  return await nginxWith(home, port, `server { listen 127.0.0.1:${port}; root ${root}; ${expires} }`);
}

/** nginx with settings of what it serves at a port. */
export async function nginxWith(home: string, port: number, http: string): Promise<Origin> {
  const nginx = requireTool("nginx", "nginx-light");
  const file = join(home, "nginx.conf");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${home}/${name};`,
  );
  writeFileSync(
    file,
    `daemon off; master_process off; ${process.getuid?.() === 0 ? "user root;" : ""}
pid ${home}/pid; error_log ${home}/error.log;
events {}
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000;
  ${paths.join("\n  ")}
  ${http}
}
`,
  );
  return await start("nginx", [nginx, "-c", file, "-e", join(home, "error.log")], port, home);
}

/** Debian's docker-registry, with its files in a folder. */
export async function registry(home: string): Promise<Origin> {
  const program = requireTool("docker-registry", "docker-registry");
  const port = await freePort();
  const file = join(home, "registry.yml");
  writeFileSync(
    file,
    `version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: ${JSON.stringify(join(home, "registry"))}}}
http: {addr: "127.0.0.1:${port}", secret: bench}
`,
  );
  return await start("docker-registry", [program, "serve", file], port, home);
}

/** Starts a program and waits until it accepts connections. */
async function start(name: string, command: string[], port: number, home: string): Promise<Origin> {
  const log = join(home, `${name}.log`);
  const output = openSync(log, "a");
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, { stdio: ["ignore", output, output] });
  const ended = once(child, "exit");
  running.add(child);
  void ended.then(() => running.delete(child));
  for (const begin = performance.now(); !(await accepts(port)); await delay(20)) {
    const isLate = performance.now() > begin + LIMIT_MS;
    if (child.exitCode === null && !isLate) continue;
    child.kill("SIGKILL");
    throw new Error(`${name} does not start: ${readFileSync(log, "utf8").trim().split("\n").at(-1)}`);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    return await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

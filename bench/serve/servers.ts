// What answers HTTP in the benchmark. All that are machines run under emulation with 512 MiB.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileDisk } from "../../vm/image/file-disk.ts";
import { findQemu, qemuArguments } from "../../vm/qemu/qemu.ts";
import { freePort } from "../lib/free-port.ts";
import { nginx } from "../lib/web-tools.ts";
import { busyboxHttpd } from "./busybox-httpd.ts";
import { DOCTEUR, temporary } from "./site.ts";

const LIMIT_MS = 60_000;
const MEMORY = 512;

/** A server that answers. */
export interface Server extends AsyncDisposable {
  readonly name: string;
  /** Its address, without a slash at the end. */
  readonly base: string;
  /** The process that was started. */
  readonly pid: number;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill();
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** The image, served by `docteur run` with more options. */
export function docteur(image: string, name = "docteur", options: readonly string[] = []): Promise<Server> {
  return start(name, (port) => [
    DOCTEUR,
    "run",
    "--accel",
    "tcg",
    ...options,
    "-p",
    `${port}:80`,
    image,
    "serve",
  ]);
}

/** The image, served by a process of this machine. */
export function processOfHost(image: string): Promise<Server> {
  return start("-t unix", (port) => [DOCTEUR, "run", "-t", "unix", "-p", `${port}:80`, image, "serve"]);
}

/** The same guest behind SLIRP: `--print-command` prints a machine whose ports QEMU's user network holds. */
export function behindSlirp(image: string): Promise<Server> {
  return start("docteur behind SLIRP", (port) => {
    const options = ["--accel", "tcg", "-p", `${port}:80`, "--print-command"];
    const command = execFileSync(DOCTEUR, ["run", ...options, image, "serve"], { encoding: "utf8" });
    return ["/bin/sh", "-c", `exec ${command}`];
  });
}

/** busybox httpd in a machine whose disk is a squashfs of the folder, behind SLIRP. */
export async function busybox(squashfs: string): Promise<Server> {
  const { kernel, initramfs } = await busyboxHttpd();
  return start("busybox httpd", (port) => [
    findQemu(),
    ...qemuArguments({
      kernel,
      initramfs,
      disks: [fileDisk(squashfs)],
      accelerator: "tcg",
      memory: MEMORY,
      network: [{ address: { kind: "tcp", host: "127.0.0.1", port }, guestPort: 80 }],
      devices: ["-serial", "stdio"],
    }),
  ]);
}

/** nginx on this machine. */
export async function nginxOfHost(folder: string): Promise<Server> {
  const { path, env } = await nginx();
  const file = join(temporary, "nginx.conf");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${temporary}/${name};`,
  );
  const write = (port: number) => {
    writeFileSync(
      file,
      `daemon off; master_process off; ${process.getuid?.() === 0 ? "user root;" : ""}
pid ${temporary}/pid; error_log ${temporary}/log;
events {}
http {
  access_log off;
  types { text/html html; }
  ${paths.join(" ")}
  server { listen 127.0.0.1:${port}; root ${folder}; }
}
`,
    );
    return [path, "-c", file, "-e", join(temporary, "log")];
  };
  return start("nginx, host", write, env);
}

async function start(
  name: string,
  command: (port: number) => string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Server> {
  const port = await freePort();
  const log = join(temporary, `${port}.log`);
  // A file, because a program may open /dev/stdout again, which a pipe of Node's does not allow.
  const output = openSync(log, "a");
  const [program, ...args] = command(port) as [string, ...string[]];
  const child = spawn(program, args, { env, stdio: ["ignore", output, output] });
  const ended = once(child, "exit");
  running.add(child);
  void ended.then(() => running.delete(child));
  const base = `http://127.0.0.1:${port}`;
  await answering(base, child).catch((error) => {
    throw new Error(`${name}: ${error.message}: ${readFileSync(log, "utf8").slice(-1000)}`);
  });
  return {
    name,
    base,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}

async function answering(base: string, child: ChildProcess): Promise<void> {
  for (const start = performance.now(); performance.now() - start < LIMIT_MS; ) {
    const answer = await fetch(`${base}/`, { method: "HEAD", redirect: "manual" }).catch(() => undefined);
    if (answer !== undefined) return;
    if (child.exitCode !== null) throw new Error(`it ended with status ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it does not answer");
}

// Answering HTTP from a machine, docteur beside busybox httpd, which serves a squashfs of the same folder
// from the same kind of machine; nginx on the host, for information. wrk asks over 8 connections. Then the
// time from the command to the first answer, warm beside cold.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage } from "../image-builder/index.ts";
import { getBusybox } from "../vm/artifacts/busybox.ts";
import { encodeCpio } from "../vm/artifacts/cpio.ts";
import { getKernel } from "../vm/artifacts/kernel.ts";
import { readModules } from "../vm/artifacts/modules.ts";
import { GuardedProcess } from "../vm/qemu/guarded-process.ts";
import { findQemu, qemuArguments } from "../vm/qemu/qemu.ts";
import { type Contender, compare } from "./lib/compare.ts";
import { corpus } from "./lib/corpus.ts";
import { makeSquashfs } from "./lib/squashfs.ts";
import { nginx, wrk } from "./lib/web-tools.ts";

const DOCTEUR = new URL("../scripts/docteur", import.meta.url).pathname;
const MEMORY = 512;
const LIMIT_MS = 60_000;
const SECONDS = Number(process.env.DURATION ?? 4);

const files = await corpus();
const home = join(files.image, "..");
const image = join(home, "image-without-deltas");
const squashfs = join(home, "squashfs");
if (!existsSync(image)) await makeImage({ repository: files.folder, image, withoutDeltas: true });
await makeSquashfs(files.folder, squashfs);

const folder = mkdtempSync(join(tmpdir(), "docteur-bench-"));
const endings: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
process.on("exit", () => {
  for (const end of endings) end();
});

/** What is asked for: a path of rust-doc, and header fields. */
const REQUESTS = [
  { name: "small", path: "/html/book/README.html", headers: [] },
  { name: "medium", path: "/html/std/index.html", headers: [] },
  { name: "gzip", path: "/html/std/index.html", headers: ["Accept-Encoding: gzip, deflate, br"] },
  { name: "deflate", path: "/html/std/index.html", headers: ["Accept-Encoding: deflate"] },
  { name: "304", path: "/html/std/index.html", headers: ["If-None-Match"] },
] as const;

const ours = await serveImage();
const peer = await serveSquashfs();
const other = await serveByNginx();
for (const { name, path, headers } of REQUESTS) {
  const contender = (server: string, base: string): Contender => ({
    name: server,
    async run() {
      const { rate, p99 } = await wrk(base + path, await filledIn(headers, base + path), {
        seconds: SECONDS,
      });
      return { seconds: 1000 / rate, "requests/s": rate, "p99 ms": p99 };
    },
  });
  await compare({
    name: `serve-${name}`,
    title: `serve: 1,000 requests for ${path} (${name})`,
    target: 1,
    ours: contender("docteur", ours),
    peer: contender("busybox httpd", peer),
    others: [contender("nginx, host", other)],
  });
}
await compare({
  name: "serve-start",
  title: "serve: from the command to the first 200",
  target: 0.12,
  ours: starting("docteur, warm", []),
  peer: starting("docteur, cold", ["--cold"]),
});
process.exit();

/** Gives each server the entity tag that is its own. */
async function filledIn(headers: readonly string[], url: string): Promise<string[]> {
  if (!headers.includes("If-None-Match")) return [...headers];
  // wrk takes the file as it is, so its tag is wanted.
  const tag = (await fetch(url, { headers: { "accept-encoding": "identity" } })).headers.get("etag");
  return headers.map((header) => (header === "If-None-Match" ? `${header}: ${tag}` : header));
}

async function serveImage(): Promise<string> {
  const port = await freePort();
  const child = spawn(DOCTEUR, ["run", "--accel", "tcg", "-p", `${port}:80`, image, "serve"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  endings.push(() => child.kill());
  return answering(`http://127.0.0.1:${port}`);
}

async function serveSquashfs(): Promise<string> {
  const init = `#!/bin/busybox sh
busybox=/bin/busybox
for module in /modules/*; do $busybox insmod $module; done
$busybox mount -t devtmpfs dev /dev
$busybox mount -t squashfs -o ro /dev/vda /root
$busybox ip link set lo up
$busybox ip address add 10.0.2.15/24 dev eth0
$busybox ip link set eth0 up
$busybox httpd -f -p 80 -h /root
`;
  const busybox = await getBusybox(() => {});
  const kernel = await getKernel({}, () => {});
  const names = ["virtio_mmio", "virtio_blk", "squashfs", "virtio_net"];
  const modules = await readModules(kernel.modules, names, busybox);
  const initramfs = join(folder, "busybox.cpio");
  const entries = [
    ...["bin", "dev", "root", "modules"].map((path) => ({ path })),
    { path: "bin/busybox", data: readFileSync(busybox) },
    { path: "init", data: Buffer.from(init) },
    ...modules.map(({ name, data }, index) => ({
      path: `modules/${String(index).padStart(2, "0")}-${name}.ko`,
      data,
    })),
  ];
  writeFileSync(initramfs, encodeCpio(entries));
  const port = await freePort();
  const args = qemuArguments({
    kernel: kernel.image,
    initramfs,
    disks: [{ path: squashfs, isDevice: false }],
    accelerator: "tcg",
    memory: MEMORY,
    network: true,
    portMappings: [{ address: "127.0.0.1", port, guestPort: 80 }],
    devices: ["-serial", "stdio"],
  });
  // Ends with this process.
  const machine = new GuardedProcess(findQemu(), args);
  return answering(`http://127.0.0.1:${port}`).catch((error) => {
    throw new Error(`${error.message}: ${machine.consoleLog.lines(20).join("\n")}`);
  });
}

async function serveByNginx(): Promise<string> {
  const { path, env } = await nginx();
  const port = await freePort();
  const configuration = join(folder, "nginx.conf");
  writeFileSync(
    configuration,
    `daemon off; ${process.getuid?.() === 0 ? "user root;" : ""} worker_processes 1; pid ${folder}/pid; error_log ${folder}/log;
events {}
http {
  access_log off;
  types { text/html html; }
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  server { listen 127.0.0.1:${port}; root ${files.folder}; }
}
`,
  );
  const child = spawn(path, ["-c", configuration, "-e", join(folder, "log")], { env, stdio: "ignore" });
  endings.push(() => child.kill());
  return answering(`http://127.0.0.1:${port}`);
}

function starting(name: string, options: readonly string[]): Contender {
  return {
    name,
    async run() {
      const port = await freePort();
      const start = process.hrtime.bigint();
      const child = spawn(
        DOCTEUR,
        ["run", "--accel", "tcg", ...options, "-p", `${port}:80`, image, "serve"],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      const ended = new Promise((resolve) => child.once("exit", resolve));
      // Asked for as soon as the command prints the address.
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const { status } = await fetch(`http://127.0.0.1:${port}/html/rustc/index.html`);
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      child.kill();
      await ended;
      if (status !== 200) throw new Error(`${name}: ${status}`);
      return { seconds };
    },
  };
}

async function answering(base: string): Promise<string> {
  for (const start = performance.now(); performance.now() - start < LIMIT_MS; ) {
    const answer = await fetch(`${base}/html/rustc/index.html`).catch(() => undefined);
    if (answer?.ok) return base;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${base} does not answer`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

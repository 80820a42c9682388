// Starting a machine, wall time of the whole: a warm run beside a cold one, beside the same kernel booting a
// static busybox that prints the same file from a squashfs, and a cold one beside the same kernel and root
// disk running `node -e 0`. Then the memory of many warm machines at once.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getBusybox } from "../vm/artifacts/busybox.ts";
import { encodeCpio } from "../vm/artifacts/cpio.ts";
import { getKernel } from "../vm/artifacts/kernel.ts";
import { readModules } from "../vm/artifacts/modules.ts";
import { getRootDisk } from "../vm/artifacts/root-disk.ts";
import { fileDisk } from "../vm/image/file-disk.ts";
import { GuardedProcess } from "../vm/qemu/guarded-process.ts";
import { findQemu, qemuArguments } from "../vm/qemu/qemu.ts";
import { compare } from "./lib/compare.ts";
import { childrenOf } from "./lib/cpu-time.ts";
import { installed } from "./lib/installed.ts";
import { makeSquashfs } from "./lib/squashfs.ts";

const path = (name: string) => new URL(`../${name}`, import.meta.url).pathname;
const DOCTEUR = installed();
const IMAGE = path("test/fixtures/docteur-0.0.7/small.img");
const TREE = path("test/fixtures/docteur-0.0.7/stores/small");
const TEXT = readFileSync(join(TREE, "README.md"), "utf8");
const MEMORY = 512;
const MACHINES = Number(process.env.MACHINES ?? 32);
/** What a warm machine may take, in MB of 10^6 bytes. */
const MACHINE_TARGET = 64;

const folder = mkdtempSync(join(tmpdir(), "docteur-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const note = () => {};
const [kernel, busybox, rootDisk] = await Promise.all([
  getKernel({}, note),
  getBusybox(note),
  getRootDisk(note),
]);

function docteur(name: string, options: readonly string[]) {
  return {
    name,
    async run() {
      const text = execFileSync(DOCTEUR, ["run", ...options, IMAGE, "cat", "/README.md"], {
        encoding: "utf8",
      });
      if (text !== TEXT) throw new Error(`${name} printed ${text}`);
      return {};
    },
  };
}

/** A machine that boots an init script of its own. */
async function booting(name: string, modules: readonly string[], disk: string, work: string, sign: string) {
  const init = `#!/bin/busybox sh
busybox=/bin/busybox
for module in /modules/*; do $busybox insmod $module; done
$busybox mount -t devtmpfs dev /dev
$busybox mount -t proc proc /proc
${work}
echo o > /proc/sysrq-trigger
$busybox sleep 60
`;
  const initramfs = join(folder, `${name.replaceAll(/\W/g, "-")}.cpio`);
  const loaded = await readModules(kernel.modules, modules, busybox);
  const entries = [
    ...["bin", "dev", "proc", "root", "modules"].map((entry) => ({ path: entry })),
    { path: "bin/busybox", data: readFileSync(busybox) },
    { path: "init", data: Buffer.from(init) },
    ...loaded.map(({ name, data }, index) => ({
      path: `modules/${String(index).padStart(2, "0")}-${name}.ko`,
      data,
    })),
  ];
  writeFileSync(initramfs, encodeCpio(entries));
  const args = qemuArguments({
    kernel: kernel.image,
    initramfs,
    disks: [fileDisk(disk)],
    accelerator: "tcg",
    memory: MEMORY,
    devices: ["-serial", "stdio"],
  });
  return {
    name,
    async run() {
      const machine = new GuardedProcess(findQemu(), args);
      await machine.ended;
      const said = machine.consoleLog.lines(50).join("\n");
      if (!said.includes(sign)) throw new Error(`${name} said ${said}`);
      return {};
    },
  };
}

const squashfs = join(folder, "squashfs");
await makeSquashfs(TREE, squashfs);
const disks = ["virtio_mmio", "virtio_blk"];
const warm = docteur("docteur, warm", ["--accel", "tcg"]);
const cold = docteur("docteur, cold", ["--accel", "tcg", "--cold"]);
const plain = await booting(
  "busybox and squashfs",
  [...disks, "squashfs"],
  squashfs,
  "$busybox mount -t squashfs -o ro /dev/vda /root; $busybox cat /root/README.md",
  TEXT.split("\n")[0]!,
);
const bare = await booting(
  "node -e 0",
  [...disks, "erofs"],
  rootDisk,
  "$busybox mount -t erofs -o ro /dev/vda /root; $busybox mount --move /dev /root/dev; $busybox mount -t proc proc /root/proc; $busybox chroot /root /bin/node -e 0 && echo done",
  "done",
);
await compare({ name: "start-warm", title: "start, warm", target: 0.1, ours: warm, peer: cold });
await compare({ name: "start-busybox", title: "start, warm", target: 0.25, ours: warm, peer: plain });
await compare({ name: "start-cold", title: "start, cold", target: 1.3, ours: cold, peer: bare });
await density();

/**
 * Starts machines that wait for their input, and asks the kernel what each really takes (proc(5),
 * smaps_rollup).
 */
async function density(): Promise<void> {
  const runs = Array.from({ length: MACHINES }, () =>
    spawn(DOCTEUR, ["run", "--accel", "tcg", IMAGE, "cat", "--files-from", "-"], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  const answers = await Promise.all(
    runs.map(async ({ stdin, stdout }) => {
      stdin.write("/README.md\n");
      return String((await once(stdout, "data"))[0]);
    }),
  );
  const sizes = runs.map(({ pid }) => proportionalSize(childrenOf(pid!)[0]!) / 1e6);
  for (const { stdin } of runs) stdin.end();
  await Promise.all(runs.map((run) => once(run, "exit")));
  const right = answers.filter((answer) => answer === TEXT).length;
  const most = Math.max(...sizes).toFixed(0);
  const lines = `${MACHINES} warm machines at once: ${right} answer right; the largest takes ${most} MB`;
  process.stdout.write(`${lines}; target at most ${MACHINE_TARGET}\n`);
}

function proportionalSize(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)![1]) * 1024;
}

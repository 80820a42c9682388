// Reading 1,500 random files in the guest: the store on the raw disk beside the kernel's own squashfs (zstd)
// of the same folder, mounted in the same machine and read by fs.readFileSync, with the flags that the
// machine of `docteur run` gives to V8 for both. Each round is a boot, so that all caches are cold. What is
// measured is the guest's own time: from opening the disk, or mounting it, to the last byte.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { getBusybox } from "../vm/artifacts/busybox.ts";
import { encodeCpio } from "../vm/artifacts/cpio.ts";
import { getKernel } from "../vm/artifacts/kernel.ts";
import { readModules } from "../vm/artifacts/modules.ts";
import { TIER_FLAGS, V8_FLAGS } from "../vm/artifacts/precompiled.ts";
import { getRootDisk } from "../vm/artifacts/root-disk.ts";
import { fileDisk } from "../vm/image/file-disk.ts";
import { GuardedProcess } from "../vm/qemu/guarded-process.ts";
import { findQemu, qemuArguments } from "../vm/qemu/qemu.ts";
import { compare } from "./lib/compare.ts";
import { blobs, choose, corpus, imageOfFolder } from "./lib/corpus.ts";
import { makeSquashfs } from "./lib/squashfs.ts";

const COUNT = 1500;
const MEMORY = 512;
const BOOT_LIMIT_MS = 300_000;
const MODULES = ["virtio_mmio", "virtio_blk", "erofs", "squashfs"];
const INIT = `#!/bin/busybox sh
busybox=/bin/busybox
for module in /modules/*; do $busybox insmod $module; done
$busybox mount -t devtmpfs dev /dev
$busybox mount -t erofs -o ro /dev/vda /root
$busybox mount --move /dev /root/dev
$busybox mount -t proc proc /root/proc
$busybox mount -t sysfs sys /root/sys
$busybox mount --bind / /root/guest
$busybox chroot /root /bin/node ${[...V8_FLAGS, ...TIER_FLAGS].join(" ")} /guest/program.cjs $($busybox cat /side)
echo o > /root/proc/sysrq-trigger
$busybox sleep 60
`;

const files = await corpus();
const squashfs = join(files.image, "..", "squashfs");
const image = await imageOfFolder(files);
await makeSquashfs(files.folder, squashfs);
const paths = choose(await blobs(files), COUNT).map(({ path }) => path);
const note = () => {};
const [kernel, busybox, rootDisk] = await Promise.all([
  getKernel({}, note),
  getBusybox(note),
  getRootDisk(note),
]);
const modules = await readModules(kernel.modules, MODULES, busybox);
const folder = mkdtempSync(join(tmpdir(), "docteur-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const program = join(folder, "program.cjs");
await build({
  entryPoints: [new URL("./programs/guest-read.ts", import.meta.url).pathname],
  outfile: program,
  bundle: true,
  platform: "node",
  format: "cjs",
  logLevel: "silent",
});

await compare({
  name: `read-guest-${files.name}`,
  title: `read-guest: ${COUNT} random files of ${files.name} in the machine, caches cold`,
  target: 1 / 1.5,
  ours: { name: "docteur", run: () => read("store") },
  peer: { name: "squashfs (zstd)", run: () => read("squashfs") },
});

async function read(side: "store" | "squashfs") {
  const initramfs = join(folder, `${side}.cpio`);
  const entries = [
    ...["bin", "dev", "proc", "root", "modules"].map((path) => ({ path })),
    { path: "bin/busybox", data: readFileSync(busybox) },
    { path: "init", data: Buffer.from(INIT) },
    { path: "side", data: Buffer.from(side), mode: 0o644 },
    { path: "paths", data: Buffer.from(paths.join("\n")), mode: 0o644 },
    { path: "program.cjs", data: readFileSync(program), mode: 0o644 },
    { path: "squashfs" },
    ...modules.map(({ name, data }, i) => ({
      path: `modules/${String(i).padStart(2, "0")}-${name}.ko`,
      data,
    })),
  ];
  writeFileSync(initramfs, encodeCpio(entries));
  const disks = [rootDisk, side === "store" ? image : squashfs].map((path) => fileDisk(path));
  const args = qemuArguments({
    kernel: kernel.image,
    initramfs,
    disks,
    accelerator: "tcg",
    memory: MEMORY,
    devices: ["-serial", "stdio"],
  });
  const machine = new GuardedProcess(findQemu(), args);
  const limit = setTimeout(() => void machine.kill(), BOOT_LIMIT_MS);
  await machine.ended;
  clearTimeout(limit);
  const said = machine.consoleLog.lines(50).join("\n");
  const [, seconds, bytes] = /^bench ([\d.]+) s (\d+) bytes$/m.exec(said) ?? [];
  if (seconds === undefined) throw new Error(`the machine did not tell its time:\n${said}`);
  return { seconds: Number(seconds), MB: Number(bytes) / 1e6 };
}

// Start-up of an exported machine, which has no template: a boot that prints a file, and a boot of the same kernel,
// initramfs and root disk that runs `node -e 0`. From QEMU's start to its end, emulated, on both types of machine.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { exportMachine } from "../vm/export/export.ts";
import { hostTscKiloHertz } from "../vm/qemu/qemu.ts";
import { compare } from "./lib/compare.ts";
import { blobs, corpus, imageOfFolder } from "./lib/corpus.ts";

const run = promisify(execFile);

/**
 * Milliseconds between two machines. Without them the times fall into two groups, a fifth apart, by what ran before. The
 * likely cause: a host that is itself a virtual machine gives free memory back after two seconds (Linux,
 * mm/page_reporting.c).
 */
const SETTLED = 3000;

const NODE = "$busybox chroot /root /bin/node";

const files = await corpus();
const image = await imageOfFolder(files);
const { path } = (await blobs(files))[0]!;
const folder = mkdtempSync(join(tmpdir(), "docteur-bench-"));
try {
  const machine = join(folder, "machine");
  await exportMachine({
    ...{
      engine: "nomad",
      folder: machine,
      name: "bench",
      image,
      accel: "tcg",
      program: "cat",
      args: [`/${path}`],
    },
  });
  const { Job } = JSON.parse(readFileSync(join(machine, "bench.nomad.json"), "utf8"));
  const { image_path: root, args } = Job.TaskGroups[0].Tasks[0].Config as {
    image_path: string;
    args: string[];
  };
  const value = (option: string) => args[args.indexOf(option) + 1]!;
  const initramfs = value("-initrd");
  const node = join(folder, "node.cpio");
  writeFileSync(node, withNode(readFileSync(initramfs)));
  for (const type of ["microvm", "q35"]) {
    const boot = (initrd: string) => () => start(type, value("-kernel"), initrd, value("-append"), root);
    await compare({
      name: `export-${type}`,
      title: `an exported machine on ${type}: from QEMU's start to its end`,
      ours: { name: "cat of a file", run: boot(initramfs) },
      peer: { name: "node -e 0", run: boot(node), target: 1.15 },
    });
  }

  async function start(type: string, kernel: string, initrd: string, append: string, root: string) {
    const isMicro = type === "microvm";
    const device = isMicro ? "virtio-blk-device" : "virtio-blk-pci";
    const disks = [root, join(machine, "disk.img"), join(machine, "program.img")];
    const khz = hostTscKiloHertz(readFileSync("/proc/cpuinfo", "utf8"));
    const clock = khz === undefined ? "" : ` tsc_early_khz=${khz} tsc=reliable`;
    await sleep(SETTLED);
    const began = performance.now();
    await run("qemu-system-x86_64", [
      ...["-M", isMicro ? "microvm,acpi=on,rtc=on" : "q35", "-accel", "tcg", "-cpu", "max", "-m", "512"],
      ...["-nodefaults", "-no-reboot", "-display", "none", "-serial", `file:${join(folder, "console")}`],
      ...["-kernel", kernel, "-initrd", initrd, "-append", append + (isMicro ? " pci=off" : "") + clock],
      ...disks.flatMap((file, index) => [
        ...["-drive", `file=${file},if=none,id=d${index},format=raw,readonly=on`],
        ...["-device", `${device},drive=d${index}`],
      ]),
    ]);
    const seconds = (performance.now() - began) / 1000;
    const console = readFileSync(join(folder, "console"), "utf8");
    if (!/docteur: exit status 0\s*$/.test(console)) throw new Error(`the machine failed: ${console}`);
    return { seconds };
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** The same initramfs, whose first process runs `node -e 0` in place of the program. Archives have lengths before texts. */
function withNode(initramfs: Buffer): Buffer {
  const start = initramfs.indexOf(`(exec ${NODE}`);
  const end = initramfs.indexOf("\n", start);
  const line = `(exec ${NODE} -e 0); echo $? >/guest/status`;
  if (start < 0 || line.length > end - start) throw new Error("the first process of the machine is another");
  return Buffer.concat([
    initramfs.subarray(0, start),
    Buffer.from(line.padEnd(end - start)),
    initramfs.subarray(end),
  ]);
}

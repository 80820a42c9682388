import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, keyOf } from "../cache/cache.ts";
import { pinnedNode } from "../package-root.ts";
import { type CpioEntry, encodeCpio } from "./cpio.ts";
import { fingerprint } from "./fingerprint.ts";
import { DHCP_SCRIPT, INIT, POWER_OFF, STANDALONE_INIT } from "./init-script.ts";
import type { Kernel } from "./kernel.ts";
import { readModules } from "./modules.ts";
import { precompiled, RECIPE } from "./precompiled.ts";

/** The modules of every machine: its bus, its disks, their file system, the channel. */
export const MODULES = ["virtio_mmio", "virtio_blk", "erofs", "virtio_console"];

/** Those of a machine that an engine starts, on the buses and with the network of the engine's choice. */
export const STANDALONE_MODULES: readonly string[] = [...MODULES, "virtio_pci", "virtio_net"];

/**
 * What such a machine uses if the kernel has it: entropy, the power button, the device that tells of a crash.
 */
const OPTIONAL_MODULES = ["virtio_rng", "button", "evdev", "pvpanic_mmio", "pvpanic_pci"];

/** The console of a machine that tries an accelerator shows this line. */
export const TRIAL_MARK = "docteur: the kernel is up";

const TRIAL_INIT = `#!/bin/busybox sh
busybox=/bin/busybox
echo "${TRIAL_MARK}"
$busybox mount -t proc proc /proc
${POWER_OFF}
`;

/** Makes the initramfs that starts Node with the guest's program. */
export async function getInitramfs(kernel: Kernel, busybox: string, bundle: string): Promise<string> {
  const program = await readFile(bundle);
  const key = keyOf(
    INIT,
    MODULES.join(),
    fingerprint(kernel.image),
    kernel.modules,
    fingerprint(busybox),
    program,
    RECIPE,
    fingerprint(pinnedNode()),
  );
  return write(`initramfs-${key}`, async () => [
    ...(await system(busybox, INIT)),
    ...(await moduleEntries(kernel, MODULES, busybox)),
    { path: "guest" },
    ...(await precompiled(bundle, program)),
  ]);
}

/** Makes the initramfs of a machine that a user or an engine starts. Its root disk has the guest's program. */
export async function getStandaloneInitramfs(kernel: Kernel, busybox: string): Promise<string> {
  const [needed, optional] = [STANDALONE_MODULES, OPTIONAL_MODULES];
  const key = keyOf(
    STANDALONE_INIT,
    DHCP_SCRIPT,
    needed.join(),
    optional.join(),
    fingerprint(kernel.image),
    kernel.modules,
    fingerprint(busybox),
  );
  return write(`standalone-initramfs-${key}`, async () => [
    ...(await system(busybox, STANDALONE_INIT)),
    ...(await moduleEntries(kernel, needed, busybox, optional)),
    ...["guest", "sys"].map((path) => ({ path })),
    { path: "dhcp", data: Buffer.from(DHCP_SCRIPT) },
  ]);
}

async function moduleEntries(
  kernel: Kernel,
  needed: readonly string[],
  busybox: string,
  optional: readonly string[] = [],
): Promise<CpioEntry[]> {
  const modules = await readModules(kernel.modules, needed, busybox, optional);
  return [
    { path: "modules" },
    ...modules.map(({ name, data }, index) => ({
      // Numbered: the shell's `*` sorts by name.
      path: `modules/${String(index).padStart(2, "0")}-${name}.ko`,
      data,
    })),
  ];
}

/** Makes an initramfs that prints `TRIAL_MARK` and switches the machine off. */
export async function getTrialInitramfs(busybox: string): Promise<string> {
  const key = keyOf(TRIAL_INIT, fingerprint(busybox));
  return write(`trial-initramfs-${key}`, () => system(busybox, TRIAL_INIT));
}

async function system(busybox: string, init: string): Promise<CpioEntry[]> {
  return [
    ...["bin", "dev", "proc", "root"].map((path) => ({ path })),
    { path: "bin/busybox", data: await readFile(busybox) },
    { path: "init", data: Buffer.from(init) },
  ];
}

async function write(name: string, entries: () => Promise<CpioEntry[]>): Promise<string> {
  const file = "initramfs.cpio";
  const folder = await cached(name, async (folder) => {
    await writeFile(join(folder, file), encodeCpio(await entries()));
  });
  return join(folder, file);
}

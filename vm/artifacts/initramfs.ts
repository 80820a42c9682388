import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, keyOf } from "../cache/cache.ts";
import { pinnedNode } from "../package-root.ts";
import { type CpioEntry, encodeCpio } from "./cpio.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Kernel } from "./kernel.ts";
import { readModules } from "./modules.ts";
import { precompiled, RECIPE, START_PATH, V8_FLAGS } from "./precompiled.ts";

/** The modules of every machine: its bus, its disks, their file system, the channel. */
export const MODULES = ["virtio_mmio", "virtio_blk", "erofs", "virtio_console"];

/** The modules of a machine with a network, besides. */
export const NETWORK_MODULES = ["virtio_net"];

/**
 * The guest's address in QEMU's own network (QEMU, "user mode networking"). No server in it could assign one.
 */
const NETWORK = `$busybox ip address add 10.0.2.15/24 dev eth0 &&
  $busybox ip link set eth0 up || fail "the network does not start"
`;

/** Switches the machine off. Needs /proc. */
const POWER_OFF = `echo o > /proc/sysrq-trigger
  $busybox sleep 60`;

/**
 * MiB for Node itself. Three quarters of the rest are V8's heap. V8's own default is half of the memory, but
 * at least 256 MiB, which a small machine does not have: instead of running out of memory, its kernel would
 * drop pages of Node and read them again, for minutes.
 */
const NODE_MEMORY = 56;

/**
 * The first process: loads the modules, mounts the root disk and becomes Node.
 *
 * A shell with a built-in insmod, as in Debian's busybox, starts no process for each module, which would take
 * an emulated machine some milliseconds. busybox from 1.38 on finds itself by /proc/self/exe, so /proc is
 * mounted first.
 */
const init = (network: string) => `#!/bin/busybox sh
busybox=/bin/busybox
fail() {
  echo "docteur: $1"
  ${POWER_OFF}
}
$busybox mount -t proc proc /proc
insmod=insmod
type insmod >/type 2>&1 || insmod="$busybox insmod"
for module in /modules/*; do
  $insmod $module || fail "the module $module does not load"
done
$busybox mount -t devtmpfs dev /dev
$busybox ip link set lo up || fail "the loopback does not start"
${network}$busybox mount -t erofs -o ro /dev/vda /root || fail "the root disk does not mount"
$busybox mount --move /dev /root/dev
$busybox mount --move /proc /root/proc
$busybox mount -t sysfs sys /root/sys
$busybox mount --bind /guest /root/guest
while read -r name memory unit; do
  [ "$name" = MemTotal: ] && break
done </root/proc/meminfo
heap=$(((memory / 1024 - ${NODE_MEMORY}) * 3 / 4))
exec $busybox chroot /root /bin/node --disable-warning=ExperimentalWarning ${V8_FLAGS.join(" ")} --max-old-space-size=$heap ${START_PATH}
`;

/** The console of a machine that tries an accelerator shows this line. */
export const TRIAL_MARK = "docteur: the kernel is up";

const TRIAL_INIT = `#!/bin/busybox sh
busybox=/bin/busybox
echo "${TRIAL_MARK}"
$busybox mount -t proc proc /proc
${POWER_OFF}
`;

/**
 * Makes the initramfs that starts the network, if the machine has one, and then Node with the guest's
 * program.
 */
export async function getInitramfs(
  kernel: Kernel,
  busybox: string,
  bundle: string,
  network = false,
): Promise<string> {
  const program = await readFile(bundle);
  const script = init(network ? NETWORK : "");
  const modules = [...MODULES, ...(network ? NETWORK_MODULES : [])];
  const key = keyOf(
    script,
    modules.join(),
    fingerprint(kernel.image),
    kernel.modules,
    fingerprint(busybox),
    program,
    RECIPE,
    fingerprint(pinnedNode()),
  );
  return write(`initramfs-${key}`, async () => [
    ...(await system(busybox, script)),
    { path: "modules" },
    ...(await readModules(kernel.modules, modules, busybox)).map(({ name, data }, index) => ({
      // Numbered: the shell's `*` sorts by name.
      path: `modules/${String(index).padStart(2, "0")}-${name}.ko`,
      data,
    })),
    { path: "guest" },
    ...(await precompiled(bundle, program)),
  ]);
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

import { readFileSync } from "node:fs";
import type { Accelerator } from "../accelerator.ts";
import type { PortMapping } from "../front/address.ts";
import { requireTool } from "../tools.ts";
import type { Disk } from "./disk.ts";
import { networkArguments } from "./network.ts";

/** An empty disk. In a template it stands for the image. */
export const NO_DISK = "none";

/** A file that holds the guest's memory. */
export interface MemoryFile {
  readonly path: string;
  /** Whether the guest writes to the file; otherwise it writes to a copy of its pages. */
  readonly share: boolean;
}

/** A machine for QEMU to build. */
export interface Machine {
  /** The bzImage. */
  readonly kernel: string;
  readonly initramfs: string;
  /** `/dev/vda`, `/dev/vdb` and so on in the guest. */
  readonly disks: readonly (Disk | typeof NO_DISK)[];
  readonly accelerator: Accelerator;
  /** MiB. */
  readonly memory: number;
  readonly memoryFile?: MemoryFile;
  /** Ports of a network of QEMU's own, in which it is alone. Default: no network. */
  readonly network?: readonly PortMapping[];
  /** Whether it is restored, with a kernel that has booted. Default: no. */
  readonly hasBooted?: boolean;
  /** Whether QEMU may start programs. Default: no. */
  readonly maySpawn?: boolean;
  /** Whether its command line is for any host: nothing in it is measured on this one. Default: no. */
  readonly isPortable?: boolean;
  /** Arguments for the kernel, added to those of every machine. */
  readonly kernelArguments?: readonly string[];
  /** Devices and their backends: the channel, the console. */
  readonly devices: readonly string[];
}

/** A machine without its devices, which each way of starting it adds. */
export type BareMachine = Omit<Machine, "devices">;

/** @throws {DocteurError} `TOOL_MISSING`. */
export function findQemu(): string {
  return requireTool("qemu-system-x86_64");
}

/**
 * MiB for translated code. When it is full, QEMU drops all of it. QEMU's default is 1,024, which a guest can
 * fill on purpose. Reading 6,000 files takes 55.
 */
const TRANSLATED_CODE = 256;

/** Returns QEMU's arguments for a machine, with no other devices, no monitor and no window. */
export function qemuArguments(machine: Machine): string[] {
  return [
    ...["-M", machineType(machine), "-accel", accelerator(machine)],
    ...["-cpu", machine.accelerator === "kvm" ? "host" : "max", "-smp", "1", "-m", String(machine.memory)],
    ...memoryArguments(machine),
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none"],
    ...["-sandbox", sandbox(machine)],
    ...(machine.hasBooted ? [] : bootArguments(machine)),
    ...machine.disks.flatMap(diskArguments),
    ...(machine.network ? networkArguments(machine.network) : []),
    ...machine.devices,
  ];
}

function bootArguments(machine: Machine): string[] {
  const { kernel, initramfs } = machine;
  return ["-kernel", kernel, "-initrd", initramfs, "-append", kernelCommandLine(machine)];
}

function sandbox({ maySpawn = false }: Machine): string {
  const spawn = maySpawn ? "allow" : "deny";
  return `on,obsolete=deny,elevateprivileges=deny,spawn=${spawn},resourcecontrol=deny`;
}

function accelerator({ accelerator }: Machine): string {
  return accelerator === "tcg" ? `tcg,tb-size=${TRANSLATED_CODE}` : accelerator;
}

function machineType({ memoryFile }: Machine): string {
  return `microvm,acpi=on,rtc=on${memoryFile === undefined ? "" : ",memory-backend=memory"}`;
}

// Paths are JSON: a path may contain characters that have a meaning in QEMU's own option syntax.

function memoryArguments({ memory, memoryFile }: Machine): string[] {
  if (memoryFile === undefined) return [];
  const { path, share } = memoryFile;
  const size = memory * 1024 * 1024;
  const backend = { "qom-type": "memory-backend-file", id: "memory", size, "mem-path": path, share };
  return ["-object", JSON.stringify(backend)];
}

/** `-blockdev` and `-device` of a disk, with their values. */
export function diskArguments(disk: Disk | typeof NO_DISK, index: number): string[] {
  const name = `disk${index}`;
  const backend = { "node-name": name, "read-only": true, ...driver(disk) };
  return ["-blockdev", JSON.stringify(backend), "-device", `virtio-blk-device,drive=${name}`];
}

function driver(disk: Disk | typeof NO_DISK): object {
  if (disk === NO_DISK) return { driver: "null-co", "read-zeroes": true, size: 512 };
  return disk.blockdev;
}

/** microvm has no such bus, and the kernel need not look for one. */
export const NO_PCI = "pci=off";

/**
 * Arguments for the kernel of every machine (Linux, Documentation/admin-guide/kernel-parameters.txt).
 *
 * Under emulation every instruction of the boot counts. The kernel skips self-tests of ciphers, the clearing
 * of pages and grace periods: the machine runs one program, and has no other to protect.
 */
export const KERNEL_ARGUMENTS: readonly string[] = [
  "console=ttyS0",
  "quiet",
  // A panic reboots, and with `-no-reboot` QEMU exits.
  "panic=-1",
  // Otherwise the kernel jumps into the firmware, which may halt instead of rebooting.
  "reboot=triple",
  "cryptomgr.notests=1",
  "init_on_alloc=0",
  "rcupdate.rcu_expedited=1",
  "lsm=",
  "initcall_blacklist=init_kprobe_trace,load_system_certificate_list",
];

function kernelCommandLine(machine: Machine): string {
  return [
    ...KERNEL_ARGUMENTS,
    NO_PCI,
    ...(machine.accelerator === "tcg" && machine.isPortable !== true ? clockArguments() : []),
    ...(machine.kernelArguments ?? []),
  ].join(" ");
}

/**
 * The frequency of the time stamp counter, which under emulation is the host's. On a busy host a guest
 * sometimes fails to measure it against the emulated timer, and then hangs: its only other clock, the timer's
 * interrupt, does not reach it on this machine type.
 */
function clockArguments(): string[] {
  const frequency = hostTscKiloHertz(readFileSync("/proc/cpuinfo", "utf8"));
  // Without `tsc=reliable` the kernel compares the counter with the emulated timer, finds the timer late, and
  // changes to counting its ticks, of which a busy host loses many.
  return frequency === undefined ? [] : [`tsc_early_khz=${frequency}`, "tsc=reliable"];
}

/**
 * The frequency of the time stamp counter in kHz, to the nearest ten: Linux computes `bogomips` as twice its
 * MHz (arch/x86/kernel/tsc.c, `lpj_fine`).
 */
export function hostTscKiloHertz(cpuinfo: string): number | undefined {
  const bogomips = Number(/^bogomips\s*:\s*([\d.]+)/m.exec(cpuinfo)?.[1]);
  return bogomips > 0 ? Math.round(bogomips * 500) : undefined;
}

import { readFileSync } from "node:fs";
import type { Accelerator } from "../accelerator.ts";
import { requireTool } from "../tools.ts";
import { networkArguments } from "./network.ts";
import type { PortMapping } from "./port-mapping.ts";

/** A read-only disk of the machine. */
export interface Disk {
  readonly path: string;
  /** A device node of the host rather than a file. */
  readonly isDevice: boolean;
}

/** A disk without content, in the place of one that comes later. */
export const NO_DISK = "none";

/** Where the guest's memory lies instead of in QEMU's own. */
export interface MemoryFile {
  readonly path: string;
  /** Whether what the guest writes goes to the file. Otherwise the file is what its memory begins with. */
  readonly share: boolean;
}

/** What QEMU is to build. */
export interface Machine {
  /** The bzImage. */
  readonly kernel: string;
  readonly initramfs: string;
  /** In the order of their names in the guest: `/dev/vda`, `/dev/vdb`. */
  readonly disks: readonly (Disk | typeof NO_DISK)[];
  readonly accelerator: Accelerator;
  /** MiB. */
  readonly memory: number;
  readonly memoryFile?: MemoryFile;
  /** Whether it has a network, in which it is alone. Default: none. */
  readonly network?: boolean | undefined;
  /** Ports that are published from the start. Default: none. */
  readonly portMappings?: readonly PortMapping[];
  /** Whether its state comes from elsewhere, kernel included. Default: not. */
  readonly hasBooted?: boolean;
  /** Whether QEMU may start programs. Default: not. */
  readonly maySpawn?: boolean;
  /** Arguments for the kernel, beyond those every machine gets. */
  readonly kernelArguments?: readonly string[];
  /** Devices and their backends: the channel, the console. */
  readonly devices: readonly string[];
}

/** What every way of starting it gives devices of its own. */
export type BareMachine = Omit<Machine, "devices">;

/** @throws {DocteurError} `TOOL_MISSING`. */
export function findQemu(): string {
  return requireTool("qemu-system-x86_64");
}

/**
 * MiB for the code that QEMU translates; when it is full, QEMU drops it all and begins anew. By default it may be 1,024, which a
 * guest can fill on purpose. Reading 6,000 files takes 55.
 */
const TRANSLATED_CODE = 256;

/** The arguments that make QEMU build a machine: no more devices than are asked for, no monitor, no window. */
export function qemuArguments(machine: Machine): string[] {
  return [
    ...["-M", machineType(machine), "-accel", accelerator(machine)],
    ...["-cpu", machine.accelerator === "kvm" ? "host" : "max", "-smp", "1", "-m", String(machine.memory)],
    ...memoryArguments(machine),
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none"],
    ...["-sandbox", sandbox(machine)],
    ...(machine.hasBooted ? [] : bootArguments(machine)),
    ...machine.disks.flatMap(diskArguments),
    ...(machine.network ? networkArguments(machine.portMappings) : []),
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

// Paths go as JSON, because they may hold what QEMU's own option syntax gives a meaning.

function memoryArguments({ memory, memoryFile }: Machine): string[] {
  if (memoryFile === undefined) return [];
  const { path, share } = memoryFile;
  const size = memory * 1024 * 1024;
  const backend = { "qom-type": "memory-backend-file", id: "memory", size, "mem-path": path, share };
  return ["-object", JSON.stringify(backend)];
}

function diskArguments(disk: Disk | typeof NO_DISK, index: number): string[] {
  const name = `disk${index}`;
  const backend = { "node-name": name, "read-only": true, ...driver(disk) };
  return ["-blockdev", JSON.stringify(backend), "-device", `virtio-blk-device,drive=${name}`];
}

function driver(disk: Disk | typeof NO_DISK): object {
  if (disk === NO_DISK) return { driver: "null-co", "read-zeroes": true, size: 512 };
  const file = { driver: disk.isDevice ? "host_device" : "file", filename: disk.path, "read-only": true };
  return { driver: "raw", file };
}

/**
 * Arguments for the kernel (Linux, Documentation/admin-guide/kernel-parameters.txt).
 *
 * Emulated, every instruction of the boot counts: self-tests of ciphers, clearing pages that one program will use, and
 * waiting for grace periods are left out; there is one program, and nobody to protect from it.
 */
function kernelCommandLine(machine: Machine): string {
  return [
    "console=ttyS0",
    "quiet",
    // A panic ends the machine, since `-no-reboot` makes QEMU quit.
    "panic=-1",
    // Otherwise the kernel, for want of another way to restart this machine, jumps into its firmware, which may just halt.
    "reboot=triple",
    "pci=off",
    "cryptomgr.notests=1",
    "init_on_alloc=0",
    "rcupdate.rcu_expedited=1",
    "lsm=",
    "initcall_blacklist=init_kprobe_trace,load_system_certificate_list",
    ...(machine.accelerator === "tcg" ? clockArguments() : []),
    ...(machine.kernelArguments ?? []),
  ].join(" ");
}

/**
 * Under emulation the guest's time stamp counter is the host's. A guest that measures it against the emulated timer fails
 * at that now and then, on a busy host, and then hangs for ever: its only other clock, the timer's interrupt, does
 * not reach it on this machine type. So it is told.
 */
function clockArguments(): string[] {
  const frequency = hostTscKiloHertz(readFileSync("/proc/cpuinfo", "utf8"));
  // The kernel would measure the counter against the timer all the time, find the emulated timer late, distrust the counter
  // and tell the time by the ticks of that timer, of which a busy host loses many.
  return frequency === undefined ? [] : [`tsc_early_khz=${frequency}`, "tsc=reliable"];
}

/**
 * The frequency of the time stamp counter in kHz: Linux derives `bogomips` from it, as twice its MHz (arch/x86/kernel/tsc.c
 * `lpj_fine`), good to ten kHz.
 */
export function hostTscKiloHertz(cpuinfo: string): number | undefined {
  const bogomips = Number(/^bogomips\s*:\s*([\d.]+)/m.exec(cpuinfo)?.[1]);
  return bogomips > 0 ? Math.round(bogomips * 500) : undefined;
}

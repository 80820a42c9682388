import { readFileSync } from "node:fs";
import type { Accelerator } from "./accelerator.ts";
import { requireTool } from "./tools.ts";

/** A read-only disk of the machine. */
export interface Disk {
  readonly path: string;
  /** A device node of the host rather than a file. */
  readonly isDevice: boolean;
}

/** What QEMU is to build. */
export interface Machine {
  /** The bzImage. */
  readonly kernel: string;
  readonly initramfs: string;
  /** In the order of their names in the guest: `/dev/vda`, `/dev/vdb`. */
  readonly disks: readonly Disk[];
  readonly accelerator: Accelerator;
  /** MiB. */
  readonly memory: number;
  /** Arguments for the kernel, beyond those every machine gets. */
  readonly kernelArguments?: readonly string[];
  /** Devices and their backends: the channel, the console. */
  readonly devices: readonly string[];
}

/** @throws {DocteurError} `TOOL_MISSING`. */
export function findQemu(): string {
  return requireTool("qemu-system-x86_64", "qemu-system-x86");
}

/** The arguments that make QEMU build a machine: no more devices than are asked for, no monitor, no window, no network. */
export function qemuArguments(machine: Machine): string[] {
  return [
    ...["-M", "microvm,acpi=on,rtc=on", "-accel", machine.accelerator],
    ...["-cpu", machine.accelerator === "kvm" ? "host" : "max", "-smp", "1", "-m", String(machine.memory)],
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-kernel", machine.kernel, "-initrd", machine.initramfs],
    ...["-append", kernelCommandLine(machine)],
    ...machine.disks.flatMap(diskArguments),
    ...machine.devices,
  ];
}

function diskArguments({ path, isDevice }: Disk, index: number): string[] {
  const name = `disk${index}`;
  // As JSON, because a path may hold what QEMU's own option syntax gives a meaning.
  const backend = {
    "node-name": name,
    driver: "raw",
    "read-only": true,
    file: { driver: isDevice ? "host_device" : "file", filename: path, "read-only": true },
  };
  return ["-blockdev", JSON.stringify(backend), "-device", `virtio-blk-device,drive=${name}`];
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
  return frequency === undefined ? [] : [`tsc_early_khz=${frequency}`];
}

/**
 * The frequency of the time stamp counter in kHz: Linux derives `bogomips` from it, as twice its MHz (arch/x86/kernel/tsc.c
 * `lpj_fine`), good to ten kHz.
 */
export function hostTscKiloHertz(cpuinfo: string): number | undefined {
  const bogomips = Number(/^bogomips\s*:\s*([\d.]+)/m.exec(cpuinfo)?.[1]);
  return bogomips > 0 ? Math.round(bogomips * 500) : undefined;
}

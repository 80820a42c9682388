import { accessSync, constants, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fingerprint } from "./artifacts/fingerprint.ts";
import { getTrialInitramfs, TRIAL_MARK } from "./artifacts/initramfs.ts";
import type { Kernel } from "./artifacts/kernel.ts";
import { cacheFolder, keyOf, writeCacheFile } from "./cache/cache.ts";
import { GuardedProcess } from "./qemu/guarded-process.ts";
import { findQemu, qemuArguments } from "./qemu/qemu.ts";

/** What runs the guest's instructions: the processor (`kvm`) or QEMU's translator (`tcg`). */
export type Accelerator = "kvm" | "tcg";

/** A KVM that works boots a kernel within a second. */
const TRIAL_LIMIT_MS = 4000;

/** MiB; enough for a kernel and a shell. */
const TRIAL_MEMORY = 128;

const VERDICT_FILE = "accelerator.json";

/** How KVM is found and tried. Tests replace it. */
export interface KvmTrial {
  readonly device: string;
  /** Whether a kernel boots under KVM. */
  readonly boots: (kernel: Kernel, busybox: string) => Promise<boolean>;
}

const KVM: KvmTrial = { device: "/dev/kvm", boots: bootsUnderKvm };

/**
 * Chooses KVM if a kernel boots in it: on some hosts KVM opens and then hangs. The verdict is cached until
 * the host boots again, or until QEMU or the kernel changes.
 */
export async function chooseAccelerator(
  kernel: Kernel,
  busybox: string,
  note: (line: string) => void,
  kvm: KvmTrial = KVM,
): Promise<Accelerator> {
  if (!isAccessible(kvm.device)) return "tcg";
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const key = keyOf(bootId, fingerprint(findQemu()), fingerprint(kernel.image));
  const known = await cachedVerdict(key);
  if (known !== undefined) return known;
  note("trying whether KVM works here (once after each start of the host)");
  const verdict = (await kvm.boots(kernel, busybox)) ? "kvm" : "tcg";
  await writeCacheFile(VERDICT_FILE, `${JSON.stringify({ key, verdict })}\n`);
  return verdict;
}

/** Whether this user can open KVM. */
export function isKvmAccessible(): boolean {
  return isAccessible(KVM.device);
}

function isAccessible(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function cachedVerdict(key: string): Promise<Accelerator | undefined> {
  try {
    const cached = JSON.parse(await readFile(join(cacheFolder(), VERDICT_FILE), "utf8"));
    const { verdict } = cached;
    return cached.key === key && (verdict === "kvm" || verdict === "tcg") ? verdict : undefined;
  } catch {
    return undefined;
  }
}

/** Boots the kernel with a minimal initramfs, and returns whether it is up within the limit. */
async function bootsUnderKvm(kernel: Kernel, busybox: string): Promise<boolean> {
  const args = qemuArguments({
    kernel: kernel.image,
    initramfs: await getTrialInitramfs(busybox),
    disks: [],
    accelerator: "kvm",
    memory: TRIAL_MEMORY,
    devices: ["-serial", "stdio"],
  });
  const trial = new GuardedProcess(findQemu(), args);
  const limit = setTimeout(() => void trial.kill(), TRIAL_LIMIT_MS);
  await trial.ended;
  clearTimeout(limit);
  return trial.consoleLog.lines(1000).some((line) => line.includes(TRIAL_MARK));
}

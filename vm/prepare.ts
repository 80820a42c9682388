import { DocteurError } from "../reader/errors.ts";
import { type Accelerator, chooseAccelerator } from "./accelerator.ts";
import { getBundle } from "./artifacts/bundle.ts";
import { getBusybox } from "./artifacts/busybox.ts";
import { getInitramfs, getStandaloneInitramfs } from "./artifacts/initramfs.ts";
import { getKernel } from "./artifacts/kernel.ts";
import { getRootDisk, getStandaloneRootDisk } from "./artifacts/root-disk.ts";
import { fileDisk } from "./image/file-disk.ts";
import type { ImageOptions } from "./image/open-disk.ts";
import type { Disk } from "./qemu/disk.ts";
import { type BareMachine, findQemu } from "./qemu/qemu.ts";

/** MiB. Only what the guest touches is taken from the host. */
export const DEFAULT_MEMORY = 512;

/** A kernel and Node need this much. */
const MINIMAL_MEMORY = 128;

/** The options of a machine without its image. */
export interface SystemOptions {
  /** Default: KVM if a kernel boots in it, which is tried once after each boot of the host. */
  readonly accel?: Accelerator | undefined;
  /** MiB of memory, at least 128. Default 512. */
  readonly memory?: number | undefined;
  /** A kernel (bzImage) instead of the distribution's own; needs `modules`. */
  readonly kernel?: string | undefined;
  /** The folder of that kernel's modules, as `/lib/modules/VERSION`. */
  readonly modules?: string | undefined;
  /** Whether a user or an engine starts the machine, and no process of docteur talks to it. Default: no. */
  readonly standalone?: boolean | undefined;
  /** The guest's program as one file, made by `makeBundle`, instead of docteur's own. */
  readonly bundle?: string | undefined;
}

/** The options of a machine. */
export interface MachineOptions extends SystemOptions, ImageOptions {
  /**
   * The image: a file, a block device, or an address: `https:`, `http:`, `oci:`, `nbd:`, `nbd+unix:`, `rbd:`.
   */
  readonly image: string;
}

/**
 * Makes, or finds in the cache, all parts of a machine.
 *
 * @param image opens the image, once the options are checked.
 * @param note gets a line of text before each step that takes long.
 * @throws {DocteurError} those of `prepareSystem`; any error that `image` throws.
 */
export async function prepareMachine(
  options: SystemOptions,
  image: () => Promise<Disk>,
  note: (line: string) => void,
): Promise<BareMachine> {
  checkMemory(options);
  const disk = await image();
  const system = await prepareSystem(options, note);
  return { ...system, disks: [...system.disks, disk] };
}

/**
 * The same without an image: the only disk is the root disk.
 * @throws {DocteurError} `MEMORY`; those of a missing tool or kernel.
 */
export async function prepareSystem(
  options: SystemOptions,
  note: (line: string) => void,
): Promise<BareMachine> {
  const memory = checkMemory(options);
  findQemu();
  const [kernel, busybox, bundle, rootDisk] = await settled([
    getKernel(options, note),
    getBusybox(note),
    options.standalone ? "" : (options.bundle ?? getBundle()),
    options.standalone ? getStandaloneRootDisk(note) : getRootDisk(note),
  ]);
  const initramfs = await (options.standalone
    ? getStandaloneInitramfs(kernel, busybox)
    : getInitramfs(kernel, busybox, bundle));
  const accelerator = options.accel ?? (await chooseAccelerator(kernel, busybox, note));
  return {
    kernel: kernel.image,
    initramfs,
    disks: [fileDisk(rootDisk)],
    accelerator,
    memory,
  };
}

/** The MiB of memory of a machine. @throws {DocteurError} `MEMORY`. */
export function checkMemory({ memory = DEFAULT_MEMORY }: SystemOptions): number {
  if (Number.isInteger(memory) && memory >= MINIMAL_MEMORY) return memory;
  throw new DocteurError("MEMORY", `a machine needs at least ${MINIMAL_MEMORY} MiB of memory, not ${memory}`);
}

/** Like `Promise.all`, but waits for all of them even if one fails. */
async function settled<T extends readonly unknown[]>(
  work: { [K in keyof T]: T[K] | Promise<T[K]> },
): Promise<T> {
  await Promise.allSettled(work);
  return Promise.all(work) as unknown as Promise<T>;
}

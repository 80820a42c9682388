import { basename, join } from "node:path";
import { type ExportedMachine, IMAGE_FILE, PROGRAM_FILE } from "./machine.ts";
import { type LayerEntry, writeOciLayout } from "./oci-layout.ts";

/** The user and group that QEMU runs as in KubeVirt. */
const QEMU_USER = 107;

/** Where KubeVirt looks for disks in a container image. */
export const DISK_FOLDER = "/disk";

/** Where its kernel and its initramfs are. */
export const BOOT_FOLDER = "/boot";

/** A container image with all parts of a machine. */
export interface MachineImage {
  /** The folder of its layout, from the folder of the export. */
  readonly folder: string;
  readonly tag: string;
  /** `REGISTRY/NAME`. */
  readonly repository: string;
  /** Of its manifest. */
  readonly digest: string;
  /** The names of the files in their folders. */
  readonly names: Readonly<Record<"kernel" | "initramfs" | "root" | "image" | "program", string>>;
}

const LAYOUT = "machine";

/**
 * Writes the container image of a machine. Each part is a layer: registries and nodes have the kernel and the root disk
 * once for all machines.
 *
 * @param folder the folder of the export, with the parts in it.
 * @param registry `REGISTRY/NAME[:TAG]`.
 */
export async function writeMachineImage(
  machine: ExportedMachine,
  folder: string,
  registry: string,
): Promise<MachineImage> {
  const { parts, image } = machine;
  const [, repository = registry, tag = "latest"] = /^(.*?)(?::([\w.-]+))?$/.exec(registry) ?? [];
  const names = {
    kernel: basename(parts.kernel),
    initramfs: basename(parts.initramfs),
    root: basename(parts.root),
    image: IMAGE_FILE,
    program: PROGRAM_FILE,
  };
  const from = (path: string) => (path.startsWith("/") ? path : join(folder, path));
  const layer = (into: string, files: readonly string[]): LayerEntry[] => [
    { name: `${into.slice(1)}/`, owner: QEMU_USER },
    ...files.map((path) => ({
      name: `${into.slice(1)}/${basename(path)}`,
      source: from(path),
      owner: QEMU_USER,
    })),
  ];
  const digest = await writeOciLayout(join(folder, LAYOUT), {
    tag,
    layers: [
      layer(BOOT_FOLDER, [parts.kernel, parts.initramfs]),
      layer(DISK_FOLDER, [parts.root]),
      ...(typeof image === "string" ? [layer(DISK_FOLDER, [image])] : []),
      layer(DISK_FOLDER, [PROGRAM_FILE]),
    ],
    config: {},
  });
  return { folder: LAYOUT, tag, repository, digest, names };
}

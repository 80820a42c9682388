import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import type { Disk } from "../qemu/disk.ts";
import { readImageHeader } from "./header.ts";

/** A file as a disk, or a device node of this host. */
export function fileDisk(path: string, isDevice = false): Disk & { readonly path: string } {
  const driver = isDevice ? "host_device" : "file";
  return {
    name: path,
    path,
    blockdev: { driver: "raw", file: { driver, filename: path, "read-only": true } },
    unreadable: (reason) => new DocteurError("IMAGE_UNREADABLE", `${path}: QEMU cannot open it: ${reason}`),
  };
}

/**
 * Checks that a file has the header of an image, before a machine is booted for it.
 *
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `INVALID_IMAGE`.
 */
export async function checkImage(path: string): Promise<Disk & { readonly path: string }> {
  readImageHeader(path);
  const file = await open(path);
  const stats = await file.stat().finally(() => file.close());
  return fileDisk(resolve(path), stats.isBlockDevice());
}

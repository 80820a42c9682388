import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { openFileDevice } from "../../reader/block/file.ts";
import { decodeHeader, HEADER_BYTES, type ImageHeader } from "../../reader/image/header.ts";
import type { Disk } from "./qemu.ts";

/**
 * Checks that a file has the header of an image, before a machine is booted for it.
 *
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `INVALID_IMAGE`.
 */
export async function checkImage(path: string): Promise<Disk> {
  readImageHeader(path);
  const file = await open(path);
  const stats = await file.stat().finally(() => file.close());
  return { path: resolve(path), isDevice: stats.isBlockDevice() };
}

/**
 * Reads the header of an image.
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `INVALID_IMAGE`.
 */
export function readImageHeader(path: string): ImageHeader {
  const device = openFileDevice(path);
  try {
    const first = new Uint8Array(device.sectorSize);
    if (device.size >= HEADER_BYTES) device.readSectors(0, first);
    return decodeHeader(first.subarray(0, Math.min(device.size, first.length)), device.size);
  } finally {
    device.close();
  }
}

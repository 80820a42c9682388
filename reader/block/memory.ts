import { InvalidImageError } from "../errors.ts";
import type { BlockDevice } from "./device.ts";

const SECTOR_SIZE = 512;

/**
 * A device over bytes in memory, for tests and for images that arrive by other ways than a disk. Not copied.
 */
export function memoryDevice(bytes: Uint8Array): BlockDevice {
  const sectorCount = Math.ceil(bytes.length / SECTOR_SIZE);
  return {
    sectorSize: SECTOR_SIZE,
    sectorCount,
    size: bytes.length,
    readSectors(first, into) {
      const start = first * SECTOR_SIZE;
      const there = first >= 0 && start + into.length <= sectorCount * SECTOR_SIZE;
      if (into.length % SECTOR_SIZE !== 0 || !there) {
        throw new InvalidImageError("device", `no ${into.length} bytes at sector ${first}`, {
          offset: start,
        });
      }
      const part = bytes.subarray(start, start + into.length);
      into.set(part);
      into.fill(0, part.length);
    },
    close() {},
  };
}

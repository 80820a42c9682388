import { type BlockDevice, startOfSectors } from "./device.ts";

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
      const start = startOfSectors(this, first, into, "the image");
      const part = bytes.subarray(start, start + into.length);
      into.set(part);
      into.fill(0, part.length);
    },
    close() {},
  };
}

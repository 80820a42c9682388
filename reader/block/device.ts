import { InvalidImageError } from "../errors.ts";

/**
 * A read-only disk, read in whole sectors by number, as virtio-blk offers it (Virtual I/O Device 1.2, section
 * 5.2). Reading is synchronous: the guest has one CPU and nothing else to do while it waits.
 */
export interface BlockDevice {
  /** Bytes in a sector; a power of two, 512 unless the device says otherwise. */
  readonly sectorSize: number;
  /** Sectors on the device. A last, partial sector of an image file counts and reads as if zero-padded. */
  readonly sectorCount: number;
  /**
   * Bytes that really are there: `sectorCount * sectorSize`, or less for an image file with a partial last
   * sector.
   */
  readonly size: number;
  /**
   * Bytes that are best asked for at a time (virtio-blk's `opt_io_size`): a multiple of the sector size.
   * Default 4 KiB.
   */
  readonly optimalIoSize?: number | undefined;
  /** What another thread passes to `openFileDevice` to read the same device; undefined if none can. */
  readonly path?: string | undefined;
  /**
   * Fills `into`, a whole number of sectors long, from the sector `first` on.
   * @throws {InvalidImageError} fault `device`, if a sector lies beyond the end or the device fails.
   */
  readSectors(first: number, into: Uint8Array): void;
  /** Gives the device back. Reading afterwards is an error. */
  close(): void;
}

/**
 * Checks what `readSectors` is asked for.
 *
 * @param name what messages call the device.
 * @returns the byte at which the sector `first` begins.
 * @throws {InvalidImageError} fault `device`: these are no whole sectors, or they lie beyond the end.
 */
export function startOfSectors(
  { sectorSize, sectorCount }: BlockDevice,
  first: number,
  into: Uint8Array,
  name: string,
): number {
  const start = first * sectorSize;
  if (into.length % sectorSize === 0 && first >= 0 && start + into.length <= sectorCount * sectorSize) {
    return start;
  }
  throw new InvalidImageError("device", `no ${into.length} bytes at sector ${first} of ${name}`, {
    offset: start,
  });
}

import * as fs from "node:fs";
import { DocteurError, InvalidImageError } from "../errors.ts";
import { type BlockDevice, startOfSectors } from "./device.ts";
import { sourceFault } from "./source-fault.ts";

/** The unit of Linux' block layer, whatever the disk's own sector is. */
const SECTOR_SIZE = 512;

/**
 * A machine's disk is asked less often for more: under emulation a request costs as much as some ten KiB that
 * it brings. Measured by `make bench BENCH=read-guest`, of 16, 64 and 128 KiB.
 */
const DISK_IO_SIZE = 64 * 1024;

/**
 * Opens an image file or a block device node for reading, never for writing.
 *
 * @param source what messages call the image, if it lies elsewhere and this is the disk of a machine: what cannot
 * be read of it is then `SOURCE_UNREACHABLE`, rather than the fault `device` of the image.
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`: it is not there, or is no file or disk that
 * can be read.
 */
export function openFileDevice(path: string, source?: string): BlockDevice {
  const fd = open(path);
  try {
    const stats = fs.fstatSync(fd);
    const ioSize = stats.isBlockDevice() ? DISK_IO_SIZE : undefined;
    return new FileDevice(path, fd, sizeOf(path, stats), ioSize, source);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

function open(path: string): number {
  try {
    // Without O_NONBLOCK, opening a FIFO by mistake would wait for ever.
    return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new DocteurError("IMAGE_NOT_FOUND", `${path}: no such image`, { cause });
    }
    throw new DocteurError("IMAGE_UNREADABLE", `${path}: the image cannot be opened: ${code}`, { cause });
  }
}

function sizeOf(path: string, stats: fs.Stats): number {
  if (stats.isFile()) return stats.size;
  if (stats.isBlockDevice()) {
    // fstat gives 0 for a block device, and Node has no ioctl: sysfs tells, in sectors of 512 bytes.
    const sectors = fs.readFileSync(`/sys/dev/block/${deviceNumbers(stats.rdev)}/size`, "utf8");
    return Number.parseInt(sectors, 10) * SECTOR_SIZE;
  }
  const what = stats.isDirectory() ? "a directory" : "neither a file nor a block device";
  throw new DocteurError("IMAGE_UNREADABLE", `${path}: not an image: ${what}`);
}

/**
 * A device's major and minor number, as Linux packs them into one (include/linux/kdev_t.h `new_decode_dev`).
 */
function deviceNumbers(rdev: number): string {
  return `${(rdev >>> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >>> 12) & 0xfff00)}`;
}

class FileDevice implements BlockDevice {
  readonly sectorSize = SECTOR_SIZE;
  readonly sectorCount: number;
  readonly size: number;
  readonly optimalIoSize: number | undefined;
  readonly path: string;
  readonly #fd: number;
  readonly #source: string | undefined;
  #open = true;

  constructor(
    path: string,
    fd: number,
    size: number,
    optimalIoSize: number | undefined,
    source: string | undefined,
  ) {
    this.#source = source;
    this.optimalIoSize = optimalIoSize;
    this.path = path;
    this.#fd = fd;
    this.size = size;
    this.sectorCount = Math.ceil(size / SECTOR_SIZE);
  }

  readSectors(first: number, into: Uint8Array): void {
    const start = startOfSectors(this, first, into, this.path);
    let done = 0;
    while (done < into.length) {
      const read = this.#pread(into, done, start + done);
      if (read === 0) break;
      done += read;
    }
    if (done < Math.min(into.length, this.size - start)) {
      throw new InvalidImageError("device", `${this.path} became shorter while it was read`, {
        offset: start + done,
      });
    }
    into.fill(0, done);
  }

  #pread(into: Uint8Array, done: number, position: number): number {
    try {
      return fs.readSync(this.#fd, into, done, into.length - done, position);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (this.#source !== undefined) throw sourceFault(this.#source, String(code), { cause });
      throw new InvalidImageError(
        "device",
        `${this.path} cannot be read: ${code}`,
        { offset: position },
        { cause },
      );
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    fs.closeSync(this.#fd);
  }
}

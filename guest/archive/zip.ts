import { isUtf8 } from "node:buffer";
import { type EntryType, MODES } from "../../reader/git/tree.ts";

/** What fits in a field of two and of four bytes; it says that the zip64 field has the number. */
const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;

/** Bytes of the longest name. */
export const LONGEST_NAME = MAX_16;

/** Versions of the format (section 4.4.3): with folders and deflate, and with zip64. */
const VERSION = 20;
const ZIP64_VERSION = 45;

/** Made on Unix, so the upper half of the external attributes is a mode (section 4.4.2). */
const UNIX = 3 << 8;

/** Bit 11 of the flags: the name is UTF-8. */
const UTF8 = 1 << 11;

/** The attribute of a folder in MS-DOS. */
const DOS_FOLDER = 0x10;

/** How a content is stored (section 4.4.5). */
export const STORED = 0;
export const DEFLATED = 8;

/** The content of an entry as it is in a zip. */
export interface ZipContent {
  readonly method: typeof STORED | typeof DEFLATED;
  /** CRC-32 of the content, unsigned. */
  readonly crc: number;
  /** Bytes in the zip. */
  readonly stored: number;
  /** Bytes of the content. */
  readonly size: number;
}

/** An entry of a zip, as git stores it. */
export interface ZipEntry extends ZipContent {
  readonly type: EntryType;
  /** A folder's ends in a slash. */
  readonly path: Uint8Array;
}

/**
 * Writes a zip (APPNOTE.TXT 6.3.10, the sections named here): modes and links as Unix has them, one time for
 * all, and zip64 fields where a number needs one. Sizes are known before a content, so it needs no data
 * descriptors.
 */
export class Zip {
  /** MS-DOS time and date, UTC. */
  readonly #dosTime: number;
  readonly #dosDate: number;
  /** The field with the time in seconds since the epoch, if it fits there. */
  readonly #timestamp: Buffer;

  /** @param time seconds since the epoch. */
  constructor(time: number) {
    const date = new Date(1000 * Math.min(Math.max(time, FIRST_DOS_TIME), LAST_DOS_TIME));
    this.#dosTime = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
    this.#dosDate =
      ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
    this.#timestamp = time < 2 ** 31 ? timestamp(time) : Buffer.of();
  }

  /** What comes before the content of an entry (section 4.3.7). */
  local(entry: ZipEntry): Uint8Array {
    // Both sizes are there if one is.
    const isLarge = entry.size >= MAX_32 || entry.stored >= MAX_32;
    const extra = Buffer.concat([this.#timestamp, zip64(isLarge ? [entry.size, entry.stored] : [])]);
    const header = Buffer.alloc(30);
    header.write("PK\x03\x04", 0, "latin1");
    this.#common(header, 4, entry, isLarge, extra.length);
    header.writeUInt32LE(isLarge ? MAX_32 : entry.stored, 18);
    header.writeUInt32LE(isLarge ? MAX_32 : entry.size, 22);
    return Buffer.concat([header, entry.path, extra]);
  }

  /** An entry of the central directory (section 4.3.12). @param offset of its local header in the zip. */
  central(entry: ZipEntry, offset: number): Uint8Array {
    const large = [entry.size, entry.stored, offset].filter((number) => number >= MAX_32);
    const extra = Buffer.concat([this.#timestamp, zip64(large)]);
    const header = Buffer.alloc(46);
    header.write("PK\x01\x02", 0, "latin1");
    header.writeUInt16LE(UNIX | ZIP64_VERSION, 4);
    this.#common(header, 6, entry, large.length > 0, extra.length);
    header.writeUInt32LE(Math.min(entry.stored, MAX_32), 20);
    header.writeUInt32LE(Math.min(entry.size, MAX_32), 24);
    header.writeUInt16LE(modeOf(entry.type), 40);
    header.writeUInt16LE(isFolder(entry.type) ? DOS_FOLDER : 0, 38);
    header.writeUInt32LE(Math.min(offset, MAX_32), 42);
    return Buffer.concat([header, entry.path, extra]);
  }

  /**
   * What comes after the central directory (sections 4.3.14 to 4.3.16).
   *
   * @param count of entries.
   * @param offset of the central directory in the zip. @param size its bytes.
   * @param comment of at most 65,535 bytes.
   */
  end(count: number, offset: number, size: number, comment: string): Uint8Array {
    const end = Buffer.alloc(22);
    end.write("PK\x05\x06", 0, "latin1");
    end.writeUInt16LE(Math.min(count, MAX_16), 8);
    end.writeUInt16LE(Math.min(count, MAX_16), 10);
    end.writeUInt32LE(Math.min(size, MAX_32), 12);
    end.writeUInt32LE(Math.min(offset, MAX_32), 16);
    end.writeUInt16LE(comment.length, 20);
    const isLarge = count >= MAX_16 || size >= MAX_32 || offset >= MAX_32;
    const before = isLarge ? zip64End(count, offset, size) : Buffer.of();
    return Buffer.concat([before, end, Buffer.from(comment, "latin1")]);
  }

  /** The fields that both headers have, from the version that is needed on, but for the sizes. */
  #common(
    header: Buffer,
    at: number,
    { path, method, crc }: ZipEntry,
    isLarge: boolean,
    extra: number,
  ): void {
    header.writeUInt16LE(isLarge ? ZIP64_VERSION : VERSION, at);
    header.writeUInt16LE(isUtf8(path) ? UTF8 : 0, at + 2);
    header.writeUInt16LE(method, at + 4);
    header.writeUInt16LE(this.#dosTime, at + 6);
    header.writeUInt16LE(this.#dosDate, at + 8);
    header.writeUInt32LE(crc, at + 10);
    header.writeUInt16LE(path.length, at + 22);
    header.writeUInt16LE(extra, at + 24);
  }
}

/** The first and the last second of MS-DOS' dates, 1980 and 2107. */
const FIRST_DOS_TIME = Date.UTC(1980, 0) / 1000;
const LAST_DOS_TIME = Date.UTC(2108, 0) / 1000 - 1;

function isFolder(type: EntryType): boolean {
  return type === "tree" || type === "gitlink";
}

/** A submodule is an empty folder; links have the mode that Linux shows. */
function modeOf(type: EntryType): number {
  if (isFolder(type)) return MODES.tree | 0o755;
  return type === "symlink" ? MODES.symlink | 0o777 : MODES[type];
}

/** The field of Info-ZIP with the time of modification, "UT". */
function timestamp(time: number): Buffer {
  const field = Buffer.alloc(9);
  field.write("UT\x05\x00\x01", 0, "latin1");
  field.writeInt32LE(time, 5);
  return field;
}

/** The zip64 field of an entry (section 4.5.3); nothing without numbers. */
function zip64(numbers: readonly number[]): Buffer {
  if (numbers.length === 0) return Buffer.of();
  const field = Buffer.alloc(4 + 8 * numbers.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * numbers.length, 2);
  for (const [index, number] of numbers.entries()) field.writeBigUInt64LE(BigInt(number), 4 + 8 * index);
  return field;
}

/** The end of a central directory with large numbers, and its locator. */
function zip64End(count: number, offset: number, size: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.write("PK\x06\x06", 0, "latin1");
  // Bytes of the record after this field.
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(UNIX | ZIP64_VERSION, 12);
  end.writeUInt16LE(ZIP64_VERSION, 14);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(size), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  end.write("PK\x06\x07", 56, "latin1");
  end.writeBigUInt64LE(BigInt(offset + size), 64);
  end.writeUInt32LE(1, 72);
  return end;
}

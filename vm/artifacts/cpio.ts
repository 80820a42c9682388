/** An entry of the archive: a folder or a file. Its path is relative, without `./`. */
export interface CpioEntry {
  readonly path: string;
  /** Bytes of a file; a folder when absent. */
  readonly data?: Uint8Array;
  /** Permission bits; default 0755. */
  readonly mode?: number;
}

const FOLDER = 0o040000;
const FILE = 0o100000;
const TRAILER = "TRAILER!!!";

/**
 * Encodes an initramfs: an archive in the "newc" form of cpio (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst). The owner is root and all times are the epoch,
 * so the same entries always give the same bytes. A folder must come before its entries.
 */
export function encodeCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  entries.forEach((entry, index) => {
    const type = entry.data === undefined ? FOLDER : FILE;
    const mode = type | (entry.mode ?? 0o755);
    push(parts, entry.path, index + 1, mode, entry.data ?? new Uint8Array(0));
  });
  push(parts, TRAILER, 0, 0, new Uint8Array(0));
  return Buffer.concat(parts);
}

function push(parts: Uint8Array[], path: string, inode: number, mode: number, data: Uint8Array): void {
  const name = Buffer.from(`${path}\0`);
  const links = mode === 0 ? 1 : (mode & FOLDER) !== 0 ? 2 : 1;
  // In order: inode, mode, uid, gid, links, mtime, size, device (major, minor), special device (major,
  // minor), length of the name with its zero, checksum (unused in this form).
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
  parts.push(header, name, padding(header.length + name.length), data, padding(data.length));
}

/** Names and contents both end on a multiple of four bytes. */
function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  futimesSync,
  openSync,
  readSync,
  read as readWithCallback,
  writeSync,
  write as writeWithCallback,
} from "node:fs";
import { promisify } from "node:util";
import { crc32 } from "../../reader/node-platform.ts";
import { BLOCK_SIZE } from "../block-cache.ts";

// A segment is a sparse file for 16 blocks that follow one another: a header of 4 KiB, and each block at its
// place. The header has a signature of 16 bytes and for each block 8 bytes: its length, 0 if it is not there,
// and a CRC-32 of the image's name, the block's number and its bytes. Numbers are big endian. A block is
// written before its record: what is half written, by a process that died or by two at once, fails the check.

const read = promisify(readWithCallback);
const write = promisify(writeWithCallback);

/** Blocks of a segment. */
export const SEGMENT_BLOCKS = 16;

const SIGNATURE = Buffer.from("docteur blocks 1", "latin1");
const RECORD_SIZE = 8;
const HEADER_SIZE = 4096;

/** Not what a link leads to, and no FIFO that nobody writes to. */
const { O_RDONLY, O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
const FLAGS = O_NOFOLLOW | O_NONBLOCK;

/** Milliseconds from which on the time of the last use is stale, or of a clock that was wrong. */
const USED_MS = 60_000;

/**
 * A block of a segment file.
 * @param name of the image that the block is of, and the number that the block has there.
 * @returns undefined if it is not there, or not as it was put.
 * @throws errors of the file system: `ENOENT` if there is no such segment.
 */
export async function readBlock(path: string, name: string, block: number): Promise<Uint8Array | undefined> {
  const fd = openSync(path, O_RDONLY | FLAGS);
  try {
    const header = Buffer.alloc(SIGNATURE.length + SEGMENT_BLOCKS * RECORD_SIZE);
    const stats = fstatSync(fd);
    if (!stats.isFile() || readSync(fd, header, 0, header.length, 0) < header.length) return undefined;
    if (!isSegment(header)) return undefined;
    const slot = block % SEGMENT_BLOCKS;
    const record = SIGNATURE.length + slot * RECORD_SIZE;
    const length = header.readUInt32BE(record);
    if (length === 0 || length > BLOCK_SIZE) return undefined;
    const bytes = Buffer.allocUnsafeSlow(length);
    const { bytesRead } = await read(fd, bytes, 0, length, HEADER_SIZE + slot * BLOCK_SIZE);
    if (bytesRead < length || header.readUInt32BE(record + 4) !== checksum(name, block, bytes))
      return undefined;
    const now = Date.now();
    if (Math.abs(now - stats.mtimeMs) > USED_MS) futimesSync(fd, now / 1000, now / 1000);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** Puts a block into a segment file, which is made if it is missing. @throws errors of the file system. */
export async function writeBlock(
  path: string,
  name: string,
  block: number,
  bytes: Uint8Array,
): Promise<void> {
  const fd = openSync(path, O_RDWR | O_CREAT | FLAGS, 0o600);
  try {
    prepare(fd);
    const slot = block % SEGMENT_BLOCKS;
    const record = Buffer.alloc(RECORD_SIZE);
    record.writeUInt32BE(bytes.length);
    record.writeUInt32BE(checksum(name, block, bytes), 4);
    const at = HEADER_SIZE + slot * BLOCK_SIZE;
    for (let done = 0; done < bytes.length; ) {
      done += (await write(fd, bytes, done, bytes.length - done, at + done)).bytesWritten;
    }
    writeSync(fd, record, 0, RECORD_SIZE, SIGNATURE.length + slot * RECORD_SIZE);
  } finally {
    closeSync(fd);
  }
}

/** Says that a block is not there. @throws errors of the file system. */
export function dropBlock(path: string, block: number): void {
  const fd = openSync(path, O_RDWR | FLAGS);
  try {
    const at = SIGNATURE.length + (block % SEGMENT_BLOCKS) * RECORD_SIZE;
    if (fstatSync(fd).size > at) writeSync(fd, Buffer.alloc(RECORD_SIZE), 0, RECORD_SIZE, at);
  } finally {
    closeSync(fd);
  }
}

/** Makes a file that is new, or is something else, a segment. Another process may do the same at once. */
function prepare(fd: number): void {
  const { size } = fstatSync(fd);
  if (size > 0) {
    const signature = Buffer.alloc(SIGNATURE.length);
    readSync(fd, signature, 0, signature.length, 0);
    if (isSegment(signature)) return;
    ftruncateSync(fd, 0);
  }
  writeSync(fd, SIGNATURE, 0, SIGNATURE.length, 0);
}

function isSegment(header: Uint8Array): boolean {
  return SIGNATURE.equals(header.subarray(0, SIGNATURE.length));
}

function checksum(name: string, block: number, bytes: Uint8Array): number {
  return crc32(bytes, crc32(Buffer.from(`${name} ${block}`, "latin1")));
}

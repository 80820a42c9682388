import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { DocteurError } from "../../reader/errors.ts";
import { BIG_FILE_THRESHOLD } from "../packing/compression.ts";
import { shownPath } from "../shown-path.ts";
import type { Staging } from "./staging.ts";

/** Bytes of a stream read at a time. */
const CHUNK = 1024 * 1024;

export interface StoreFileOptions {
  /** The file's name, without its folder; its bytes as Latin-1. */
  readonly name?: string;
  /** Called with the bytes of a large file that have been read. */
  readonly onRead?: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stores a regular file's bytes, unfiltered, as a blob.
 * @returns its number, and the file's size in bytes.
 * @throws {DocteurError} `FILE_CHANGED` if another program changes it meanwhile, `FILE_UNREADABLE`.
 */
export async function storeFile(
  path: Uint8Array,
  staging: Staging,
  { name, onRead, signal }: StoreFileOptions = {},
): Promise<{ number: number; size: number }> {
  const fd = open(path);
  try {
    const stats = fstatSync(fd);
    // Since the listing something else may have got the file's name.
    if (!stats.isFile()) throw changed(path);
    const { size } = stats;
    const number =
      size <= BIG_FILE_THRESHOLD
        ? await staging.add("blob", readAtOnce(fd, path, size), name)
        : await staging.addBlob(size, readChunks(fd, path, size, onRead), signal);
    const after = fstatSync(fd);
    if (after.size !== size || after.mtimeMs !== stats.mtimeMs) throw changed(path);
    return { number, size };
  } finally {
    closeSync(fd);
  }
}

function open(path: Uint8Array): number {
  try {
    // Does not follow a link that replaced the file since the listing, and does not wait for a FIFO that did.
    return openSync(Buffer.from(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The content of the file that was read at once last: one after the other has its bytes here. */
let content: Buffer = Buffer.alloc(0);

function readAtOnce(fd: number, path: Uint8Array, size: number): Uint8Array {
  // One byte more than it should have.
  if (content.length <= size) content = Buffer.allocUnsafeSlow(Math.max(2 * size, 64 * 1024));
  if (readFully(fd, path, content.subarray(0, size + 1)) !== size) throw changed(path);
  return content.subarray(0, size);
}

async function* readChunks(
  fd: number,
  path: Uint8Array,
  size: number,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; ) {
    // A new buffer for each: the stream that gets it may keep it.
    const bytes = Buffer.allocUnsafe(Math.min(CHUNK, left));
    if (readFully(fd, path, bytes) < bytes.length) throw changed(path);
    left -= bytes.length;
    onRead?.(size - left);
    yield bytes;
  }
  if (readFully(fd, path, Buffer.alloc(1)) > 0) throw changed(path);
}

function readFully(fd: number, path: Uint8Array, into: Buffer): number {
  try {
    let done = 0;
    while (done < into.length) {
      const read = readSync(fd, into, done, into.length - done, null);
      if (read === 0) break;
      done += read;
    }
    return done;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The error for a file or folder that has changed. */
export function changed(path: Uint8Array): DocteurError {
  return new DocteurError(
    "FILE_CHANGED",
    `${shownPath(path)} changed while it was read: try again when nothing changes it`,
  );
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENAMETOOLONG: "its path is longer than the system opens",
};

/** The error for a file or folder that cannot be read. */
export function unreadable(path: Uint8Array, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof DocteurError || typeof code !== "string") return error;
  // It is gone, or of another kind than it was in the listing.
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENXIO") return changed(path);
  const why = WHY[code] ?? code;
  return new DocteurError("FILE_UNREADABLE", `${shownPath(path)} cannot be read: ${why}`, { cause: error });
}

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { DocteurError } from "../../reader/errors.ts";
import { isPointer } from "../lfs-pointer.ts";
import { shownPath } from "../shown-path.ts";
import type { Staging } from "./staging.ts";

/** Files up to this many bytes are read whole; larger ones as a stream. */
const WHOLE = 4 * 1024 * 1024;

/** Bytes of a stream read at a time. */
const CHUNK = 1024 * 1024;

export interface StoreFileOptions {
  /** Told how many bytes of a large file have been read. */
  readonly onRead?: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What came of a file. */
export interface StoredFile {
  /** Raw. */
  readonly id: Uint8Array;
  /** What `fstat` says of it. */
  readonly stats: Stats;
  /** Whether it is a pointer of Git LFS. */
  readonly isPointer: boolean;
}

/**
 * Stores a regular file's bytes, unfiltered, as a blob.
 * @param inside its path from the folder that is read, as Latin-1.
 * @throws {DocteurError} `FILE_CHANGED` if another program changes it meanwhile, `FILE_UNREADABLE`.
 */
export async function storeFile(
  path: Uint8Array,
  inside: string,
  staging: Staging,
  { onRead, signal }: StoreFileOptions = {},
): Promise<StoredFile> {
  const fd = open(path);
  try {
    const stats = fstatSync(fd);
    // Between the listing and now something else may have taken the file's name.
    if (!stats.isFile()) throw changed(path);
    const whole = stats.size <= WHOLE ? readWhole(fd, path, stats.size) : undefined;
    const id =
      whole === undefined
        ? await staging.addBlob(stats.size, readChunks(fd, path, stats.size, onRead), inside, signal)
        : await staging.add("blob", whole, inside);
    const after = fstatSync(fd);
    if (after.size !== stats.size || after.mtimeMs !== stats.mtimeMs) throw changed(path);
    return { id, stats, isPointer: whole !== undefined && isPointer(whole) };
  } finally {
    closeSync(fd);
  }
}

function open(path: Uint8Array): number {
  try {
    // Not through a link that took the file's place, and without waiting should it have become a FIFO.
    return openSync(Buffer.from(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readWhole(fd: number, path: Uint8Array, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(size);
  if (readFully(fd, path, bytes) < size || readFully(fd, path, Buffer.alloc(1)) > 0) throw changed(path);
  return bytes;
}

async function* readChunks(
  fd: number,
  path: Uint8Array,
  size: number,
  onRead?: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; ) {
    // A buffer of its own for each: the stream that takes it may hold on to it.
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

/** The error for a file or folder that is no longer what it was. */
export function changed(path: Uint8Array): DocteurError {
  return new DocteurError(
    "FILE_CHANGED",
    `${shownPath(path)} changed while it was read: try again when it is at rest`,
  );
}

/** The error for a file or folder that the system does not let us read. */
export function unreadable(path: Uint8Array, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof DocteurError || typeof code !== "string") return error;
  // These say that it is not there any more, or is another kind of thing, which the listing before did not say.
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENXIO") return changed(path);
  const why = code === "EACCES" || code === "EPERM" ? "you may not read it" : code;
  return new DocteurError("FILE_UNREADABLE", `${shownPath(path)} cannot be read: ${why}`, { cause: error });
}

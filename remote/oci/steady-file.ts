import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { DocteurError } from "../../reader/errors.ts";

/** A file whose content is to stay what it is while it is pushed. */
export interface SteadyFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes; 0 of a block device. */
  readonly size: number;
  /** Names the content, as far as a file system does. */
  readonly state: string;
}

/**
 * Opens a regular file or a block device.
 * @returns undefined if it is something else. @throws the file system's own errors.
 */
export async function openSteady(path: string): Promise<SteadyFile | undefined> {
  // A FIFO would keep it waiting for a writer.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = await handle.stat({ bigint: true });
  if (stats.isFile() || stats.isBlockDevice())
    return { path, handle, size: Number(stats.size), state: stateOf(stats) };
  await handle.close();
  return undefined;
}

/**
 * Reads from a file.
 * @throws {DocteurError} `FILE_CHANGED`: it ends before, or its content is not what it was when `state` was taken.
 */
export async function readSteady(
  { path, handle, state }: SteadyFile,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw fileChanged(path);
    done += bytesRead;
  }
  if (stateOf(await handle.stat({ bigint: true })) !== state) throw fileChanged(path);
  return bytes;
}

/** The error for a file that changes while it is pushed. */
export function fileChanged(path: string): DocteurError {
  return new DocteurError(
    "FILE_CHANGED",
    `${path}: the file changed while it was pushed: push it again when nothing writes there`,
  );
}

function stateOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(" ");
}

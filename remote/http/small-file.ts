import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds for which a pipe may have nothing, and between two looks. */
const PATIENCE = 30_000;
const LOOK = 20;

/** A file has more bytes than it may have. */
export class FileTooLargeError extends Error {
  override name = "FileTooLargeError";
  readonly code = "EFBIG";
}

/** A pipe has nothing for too long. */
export class SilentPipeError extends Error {
  override name = "SilentPipeError";
  readonly code = "ETIMEDOUT";
}

export interface SmallFileOptions {
  /** Bytes. */
  readonly maximum: number;
  readonly encoding: "latin1" | "utf8";
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for which a pipe may have nothing. Default 30,000. */
  readonly patience?: number | undefined;
}

/**
 * Reads a file of a user's, such as one with credentials, up to its end: it may be a pipe, or a device that
 * has no end. No thread waits for a pipe: a process could not end before it does (pipe(7), fifo(7)).
 *
 * @throws {FileTooLargeError} it has more than `maximum` bytes.
 * @throws {SilentPipeError} nobody writes to it. @throws errors of the file system; the signal's reason.
 */
export async function readSmallFile(file: string, options: SmallFileOptions): Promise<string> {
  const { maximum, encoding, signal, patience = PATIENCE } = options;
  await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const isPipe = (await handle.stat()).isFIFO();
  const chunks: Buffer[] = [];
  const buffer = Buffer.alloc(65_536);
  let length = 0;
  for (let begun = performance.now(); ; ) {
    signal?.throwIfAborted();
    // Undefined: it has nothing now.
    const count = await handle.read(buffer, 0, buffer.length, null).then(
      ({ bytesRead }) => bytesRead,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "EAGAIN") throw error;
        return undefined;
      },
    );
    // A pipe that no writer has opened yet ends at once.
    if (count === undefined || (count === 0 && isPipe && length === 0)) {
      if (performance.now() - begun > patience) throw new SilentPipeError("nobody writes to it");
      await sleep(LOOK, undefined, { ...(signal && { signal }) }).catch(() => {});
      continue;
    }
    if (count === 0) return Buffer.concat(chunks).toString(encoding);
    length += count;
    if (length > maximum) throw new FileTooLargeError(`more than ${maximum} bytes`);
    chunks.push(Buffer.from(buffer.subarray(0, count)));
    begun = performance.now();
  }
}

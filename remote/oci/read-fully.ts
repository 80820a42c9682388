import type { FileHandle } from "node:fs/promises";
import { DocteurError } from "../../reader/errors.ts";

/**
 * Fills a buffer from a file.
 * @param path what a message calls it. @throws {DocteurError} `FILE_CHANGED`: the file ends before.
 */
export async function readFully(
  path: string,
  file: FileHandle,
  into: Uint8Array,
  offset: number,
): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, offset + done);
    if (bytesRead === 0) {
      throw new DocteurError(
        "FILE_CHANGED",
        `${path}: the file became shorter while it was pushed; push it again`,
      );
    }
    done += bytesRead;
  }
}

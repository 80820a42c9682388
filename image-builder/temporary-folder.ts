import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DocteurError } from "../reader/errors.ts";
import { removeLeftFolders, temporaryFolderName } from "./leftovers.ts";

/** A folder that only this user can enter; disposing of it removes it with its content. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a folder in $TMPDIR, and removes the folders that killed makes have left there.
 * @throws {DocteurError} `TMPDIR_UNUSABLE`.
 */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  await removeLeftFolders(tmpdir());
  const path = join(tmpdir(), temporaryFolderName());
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new DocteurError(
      "TMPDIR_UNUSABLE",
      `cannot make a temporary folder in ${tmpdir()}: ${code}; set TMPDIR`,
      {
        cause,
      },
    );
  }
  return {
    path,
    // A child of a git that got SIGTERM may still write: hence the retries.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  };
}

/** The error for a temporary folder that is full. */
export function noTemporarySpace(cause?: unknown): DocteurError {
  const message = `no space left in ${tmpdir()}: set TMPDIR to a folder with more space`;
  return new DocteurError("DISK_FULL", message, { cause });
}

/** The error as it is, or, if it is one of `fs` for a full disk, that of `noTemporarySpace`. */
export function explainFullDisk(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof DocteurError || (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG")) {
    return error;
  }
  return noTemporarySpace(error);
}

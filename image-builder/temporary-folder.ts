import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DocteurError } from "../reader/errors.ts";
import { removeLeftFolders, temporaryFolderName } from "./leftovers.ts";

/** A folder that only this user can enter, and that is gone, with all in it, when it is disposed of. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a folder in $TMPDIR. Those there that were left by makes that were killed are removed.
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
      `no temporary folder can be made in ${tmpdir()}: ${code}; set TMPDIR`,
      {
        cause,
      },
    );
  }
  return {
    path,
    // A git that was told to stop may still have a child that is about to: hence the retries.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  };
}

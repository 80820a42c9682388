import { open } from "node:fs/promises";
import { DocteurError } from "../../reader/errors.ts";
import { readImageHeader, type Swap } from "../../vm/commands.ts";
import { versionOf } from "./file-version.ts";

/**
 * Verifies the image at a path, and has the machines change to it. What is verified is the very file that is
 * then served, even if another gets its name meanwhile.
 *
 * @returns the commit of the image.
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `INVALID_IMAGE`; those of `swap`.
 */
export async function serveFile(image: string, swap: Swap, signal: AbortSignal): Promise<string> {
  const { verifyImage } = await import("../../image-builder/index.ts");
  // It has a message for each way in which the image cannot be opened.
  readImageHeader(image);
  await using file = await open(image);
  const path = `/proc/${process.pid}/fd/${file.fd}`;
  const version = versionOf(await file.stat({ bigint: true }));
  const { commit } = await verifyImage(path, { signal });
  if (versionOf(await file.stat({ bigint: true })) !== version) {
    throw new DocteurError("INVALID_IMAGE", "the file changed while it was verified");
  }
  await swap(path);
  return commit;
}

import { DocteurError } from "../../reader/errors.ts";
import { isImageFile, openImage, type Swap } from "../../vm/commands.ts";
import { fileVersion } from "./file-version.ts";

/**
 * Has the machines change to an image: a file is verified before; the objects of what lies elsewhere, as they
 * are read.
 *
 * @returns the commit of the image, empty if only QEMU reads it.
 * @throws {DocteurError} those of `serveFile` and of `swap`.
 */
export async function serveImage(image: string, swap: Swap, signal: AbortSignal): Promise<string> {
  return isImageFile(image) ? serveFile(image, swap, signal) : ((await swap(image)) ?? "");
}

/**
 * Verifies the image at a path, and has the machines change to it. What is verified is the very file that is
 * then served, even if another gets its name meanwhile.
 *
 * @returns the commit of the image.
 * @throws {DocteurError} those of `openImage`; `INVALID_IMAGE`; those of `swap`.
 */
async function serveFile(path: string, swap: Swap, signal: AbortSignal): Promise<string> {
  const { verifyImage } = await import("../../image-builder/verify/index.ts");
  const { image, release } = await openImage(path);
  try {
    const version = await fileVersion(image);
    const { commit } = await verifyImage(image, { signal, inBackground: true });
    if ((await fileVersion(image)) !== version) {
      throw new DocteurError("INVALID_IMAGE", "the file changed while it was verified");
    }
    await swap(image);
    return commit;
  } finally {
    await release();
  }
}

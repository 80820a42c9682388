import { open } from "node:fs/promises";
import { checkPinnedCommit } from "../../reader/image/pinned-commit.ts";
import { readImageHeader } from "../image/header.ts";
import type { ImageDisk } from "../image/open-disk.ts";
import type { Generation } from "./fleet.ts";

/**
 * Opens an image so that it stays the same file until it is released: machines that start later, in place of
 * others, read what was checked, even if another file has its name by then.
 *
 * @param commit refuses an image of any other commit, if it is given.
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `INVALID_IMAGE`.
 */
export async function openImage(
  path: string,
  commit?: string,
): Promise<Generation & { readonly image: string; readonly commit: string }> {
  // It has a message for each way in which the image cannot be opened.
  readImageHeader(path);
  const file = await open(path);
  try {
    const image = `/proc/${process.pid}/fd/${file.fd}`;
    const header = readImageHeader(image);
    checkPinnedCommit(header, commit);
    return { image, commit: header.commit, release: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Opens an image that lies elsewhere, for all machines that serve it. Its bytes stay the same, or reading them
 * fails.
 *
 * @param commit refuses an image of any other commit, if it is given. Of an image that only QEMU reads, the
 * machines refuse it.
 * @throws {DocteurError} `INVALID_IMAGE`; any error that `open` throws.
 */
export async function openAddress(open: () => Promise<ImageDisk>, commit?: string): Promise<Generation> {
  const disk = await open();
  const release = async () => void (await disk[Symbol.asyncDispose]?.());
  try {
    if (disk.header !== undefined) checkPinnedCommit(disk.header, commit);
    return { image: disk, commit: disk.header?.commit, release };
  } catch (error) {
    await release();
    throw error;
  }
}

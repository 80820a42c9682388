import { open } from "node:fs/promises";
import { checkPinnedCommit } from "../../reader/image/pinned-commit.ts";
import { readImageHeader } from "../qemu/image.ts";
import type { Generation } from "./fleet.ts";

/**
 * Opens an image so that it stays the same file until it is released: machines that start later, in place of
 * others, read what was checked, even if another file has its name by then.
 *
 * @param commit refuses an image of any other commit, if it is given.
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `INVALID_IMAGE`.
 */
export async function openImage(path: string, commit?: string): Promise<Generation> {
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

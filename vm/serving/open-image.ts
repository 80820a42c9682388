import { open } from "node:fs/promises";
import { openFileDevice } from "../../reader/block/file.ts";
import { DocteurError } from "../../reader/errors.ts";
import { decodeHeader } from "../../reader/image/header.ts";
import type { Generation } from "./fleet.ts";

/**
 * Opens an image so that it stays the same file until it is released: machines that start later, in place of
 * others, read what was checked, even if another file has its name by then.
 *
 * @param commit refuses an image of any other commit, if it is given.
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `INVALID_IMAGE`, `COMMIT_MISMATCH`.
 */
export async function openImage(path: string, commit?: string): Promise<Generation> {
  // Opened twice: this one has the messages for each way in which that can fail.
  openFileDevice(path).close();
  const file = await open(path);
  try {
    const image = `/proc/${process.pid}/fd/${file.fd}`;
    const found = readCommit(image);
    if (commit !== undefined && found !== commit) {
      throw new DocteurError("COMMIT_MISMATCH", `the image has the commit ${found}, not ${commit}`);
    }
    return { image, commit: found, release: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function readCommit(path: string): string {
  const device = openFileDevice(path);
  try {
    const first = new Uint8Array(device.sectorSize);
    device.readSectors(0, first);
    return Buffer.from(decodeHeader(first, device.size).commit).toString("hex");
  } finally {
    device.close();
  }
}

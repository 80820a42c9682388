import { constants, createReadStream } from "node:fs";
import { chmod, copyFile, mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { crypto } from "../crypto.ts";

/** Digits of a digest in a name. */
const DIGITS = 16;

/**
 * Copies a file into a folder, under a name with the digest of its content. A file of that name with that content stays
 * as it is: several exports share it.
 *
 * @param name before the digest. @param ending after it.
 * @returns the name.
 */
export async function copyPart(file: string, folder: string, name: string, ending = ""): Promise<string> {
  const digest = await digestOf(file);
  const target = join(folder, `${name}-${digest.slice(0, DIGITS)}${ending}`);
  const made = await mkdir(folder, { recursive: true });
  // What engines run as other users enters it, whatever the mask of this one is.
  if (made !== undefined) await chmod(folder, 0o755);
  if ((await digestOf(target).catch(() => undefined)) === digest) return basename(target);
  await copyWhole(file, target);
  return basename(target);
}

/** Copies a file, by reference where the file system can; it appears complete or not at all. */
export async function copyWhole(file: string, target: string): Promise<void> {
  const temporary = `${target}.${crypto().randomBytes(6).toString("hex")}.tmp`;
  try {
    await copyFile(file, temporary, constants.COPYFILE_FICLONE);
    // What engines run as other users read it.
    await chmod(temporary, 0o644);
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = crypto().createHash("sha256");
  for await (const piece of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(piece);
  return hash.digest("hex");
}

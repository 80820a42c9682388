import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DocteurError } from "../reader/errors.ts";

/** Where an image goes, and what is there. */
export interface FinalPath {
  /** Absolute, symbolic links resolved. */
  readonly path: string;
  /** The permissions of the file that is there, or those of a new one. */
  readonly mode: number;
}

/** The path of an image that is to be written. @throws {DocteurError} `IMAGE_PATH`: there can be none. */
export async function finalPath(image: string): Promise<FinalPath> {
  const path = await realpath(image).catch(() => resolve(image));
  const before = await stat(path).catch(() => undefined);
  if (before !== undefined && !before.isFile()) {
    throw badPath(image, before.isDirectory() ? "it is a folder" : "it exists and is not a file");
  }
  if (/[/]$/.test(image)) throw badPath(image, "it must not end with a slash");
  return { path, mode: before ? before.mode & 0o777 : 0o666 };
}

/** Opens a temporary file for an image, beside its final path. @throws {DocteurError} `IMAGE_PATH`. */
export async function openBeside(
  image: string,
  temporary: string,
  flags: string,
  mode: number,
): Promise<FileHandle> {
  try {
    return await open(temporary, flags, mode);
  } catch (cause) {
    throw badPath(image, whyNot((cause as NodeJS.ErrnoException).code, dirname(temporary)), cause);
  }
}

/** The error for an image that cannot be written: `DISK_FULL`, `IMAGE_WRITE`, or the one that it is already. */
export function writeFailed(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof DocteurError || code === undefined || typeof code !== "string") return error;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    const what =
      code === "EFBIG" ? "the image exceeds the largest file size here" : "no space left for the image";
    return new DocteurError("DISK_FULL", `${what}: ${path}`, { cause: error });
  }
  return new DocteurError("IMAGE_WRITE", `the image ${path} cannot be written: ${code}`, { cause: error });
}

function whyNot(code: string | undefined, folder: string): string {
  switch (code) {
    case "ENOENT":
      return `the folder ${folder} does not exist`;
    case "ENOTDIR":
      return `${folder} is not a folder`;
    case "EACCES":
    case "EPERM":
      return `no permission to write in the folder ${folder}`;
    case "EROFS":
      return `the folder ${folder} is on a read-only file system`;
    case "ENOSPC":
    case "EDQUOT":
      return `no space left in ${folder}`;
    default:
      return `${code}`;
  }
}

function badPath(image: string, why: string, cause?: unknown): DocteurError {
  return new DocteurError("IMAGE_PATH", `cannot write the image ${image}: ${why}`, { cause });
}

import { lstatSync, readdirSync, type Stats } from "node:fs";
import { isTemporary } from "../leftovers.ts";
import type { Exclusion } from "./exclusion.ts";
import { unreadable } from "./read-file.ts";

export interface FolderEntriesOptions {
  /** True for the image itself, which is left out. */
  readonly isOutput: (stats: Stats) => boolean;
  /** What else is left out. Default: nothing. */
  readonly excluded?: Exclusion | undefined;
}

/** An entry of a folder. */
export interface FolderEntry {
  readonly path: Buffer;
  readonly name: Buffer;
  /** Of itself, should it be a link. */
  readonly stats: Stats;
  /** Why it is left out of the image, if it is: `excluded` by the user, or the reason in words. */
  readonly leftOut: "excluded" | string | undefined;
}

const SLASH = Buffer.from("/");

/**
 * Lists a folder, in an order that does not depend on the file system.
 * @param top bytes of the path of the folder that the image is made of, with its slash.
 * @throws {DocteurError} as `unreadable` has it.
 */
export function* folderEntries(
  path: Buffer,
  top: number,
  { isOutput, excluded }: FolderEntriesOptions,
): Generator<FolderEntry> {
  for (const listed of list(path)) {
    const name = Buffer.from(listed, "latin1");
    const full = Buffer.concat([path, SLASH, name]);
    const stats = lstat(full);
    yield { path: full, name, stats, leftOut: leftOut() };

    function leftOut(): string | undefined {
      if (excluded?.(full.toString("utf8", top))) return "excluded";
      if (isDotGit(listed)) return "Git keeps no .git inside a repository";
      if (isOutput(stats)) return "it is the image";
      return isTemporary(listed, stats) ? "a running docteur make uses it" : undefined;
    }
  }
}

/** In any case, as git has it: on some file systems they are one name. */
function isDotGit(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === ".git";
}

/** Names, their bytes as Latin-1: a string takes less memory than a buffer. */
function list(path: Buffer): string[] {
  try {
    return readdirSync(path, { encoding: "latin1" }).sort();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function lstat(path: Buffer): Stats {
  try {
    return lstatSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

import { constants } from "node:fs";
import type { EntryType } from "../git/tree.ts";

/** The `st_mode` of each type of entry, as a checkout has it; a submodule is an empty folder. */
export const MODES: Readonly<Record<EntryType, number>> = {
  file: 0o100644,
  executable: 0o100755,
  symlink: 0o120777,
  tree: 0o040755,
  gitlink: 0o040755,
};

/** The methods that say which kind of file it is. */
export abstract class FileKind {
  /** The bits of `S_IFMT`. */
  protected abstract get format(): number;

  isFile(): boolean {
    return this.format === constants.S_IFREG;
  }
  isDirectory(): boolean {
    return this.format === constants.S_IFDIR;
  }
  isSymbolicLink(): boolean {
    return this.format === constants.S_IFLNK;
  }
  isBlockDevice(): boolean {
    return false;
  }
  isCharacterDevice(): boolean {
    return false;
  }
  isFIFO(): boolean {
    return false;
  }
  isSocket(): boolean {
    return false;
  }
}

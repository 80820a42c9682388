import type { EntryType } from "../git/tree.ts";

/** An entry of a folder, after `fs.Dirent`. A submodule is a folder, as in a checkout. */
export class ImageDirent {
  /** Text; bytes with `encoding: "buffer"`. */
  readonly name: string | Buffer;
  /** The folder's path, as it was given to the call; bytes if it was given as bytes. */
  readonly parentPath: string | Buffer;
  readonly #type: EntryType;

  constructor(name: string | Buffer, parentPath: string | Buffer, type: EntryType) {
    this.name = name;
    this.parentPath = parentPath;
    this.#type = type;
  }

  isFile(): boolean {
    return this.#type === "file" || this.#type === "executable";
  }
  isDirectory(): boolean {
    return this.#type === "tree" || this.#type === "gitlink";
  }
  isSymbolicLink(): boolean {
    return this.#type === "symlink";
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

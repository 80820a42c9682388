import { constants } from "node:fs";
import type { EntryType } from "../git/tree.ts";
import { FileKind, MODES } from "./file-kind.ts";

/** An entry of a folder, after `fs.Dirent`. A submodule is a folder, as in a checkout. */
export class ImageDirent extends FileKind {
  /** Text; bytes with `encoding: "buffer"`. */
  readonly name: string | Buffer;
  /** The folder's path, as it was given to the call; bytes if it was given as bytes. */
  readonly parentPath: string | Buffer;
  readonly #type: EntryType;

  constructor(name: string | Buffer, parentPath: string | Buffer, type: EntryType) {
    super();
    this.name = name;
    this.parentPath = parentPath;
    this.#type = type;
  }

  protected get format(): number {
    return MODES[this.#type] & constants.S_IFMT;
  }
}

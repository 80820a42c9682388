import { constants } from "node:fs";
import type { Description, Store } from "../store/store.ts";
import { checkInteger } from "./argument-error.ts";
import { Descriptors } from "./descriptors.ts";
import { asCall, FsError } from "./fs-error.ts";
import { OpenFile } from "./open-file.ts";
import { creates, followsLink, refusal, toFlags } from "./open-flags.ts";
import { type Path, type PathLike, toPath } from "./path-like.ts";

/** When a stream verifies its content; see `FsOptions`. */
export type Verify = "along" | "before";

/** What the three kinds of calls share: the look-up of paths, and the open files. */
export class ImageFiles {
  readonly store: Store;
  readonly verify: Verify;
  readonly descriptors = new Descriptors();

  constructor(store: Store, verify: Verify) {
    this.store = store;
    this.verify = verify;
  }

  /**
   * Describes what a path names.
   * @param syscall name of the call, for its error.
   * @throws {FsError} `ENOENT`, `ENOTDIR`, `ELOOP`, `EIO`.
   */
  describe(path: PathLike, syscall: string, follow = true): Description {
    return this.#describe(toPath(path), syscall, follow);
  }

  /**
   * Checks that `mode` allows to use a file.
   * @throws {FsError} `EROFS` to write, `EACCES` to execute, or as `describe`.
   */
  access(path: PathLike, mode: number = constants.F_OK): void {
    checkInteger("mode", mode, 0, constants.R_OK | constants.W_OK | constants.X_OK);
    const { text } = toPath(path);
    const { kind, type } = this.describe(path, "access");
    if ((mode & constants.W_OK) !== 0) throw new FsError("EROFS", "access", { path: text });
    if ((mode & constants.X_OK) !== 0 && kind === "value" && type !== "executable") {
      throw new FsError("EACCES", "access", { path: text });
    }
  }

  /** Opens a file or folder for reading. @throws {FsError} `EROFS`, `EISDIR`, `EEXIST`, or as `describe`. */
  open(path: PathLike, flags?: string | number | null): OpenFile {
    const how = toFlags(flags);
    const target = toPath(path);
    const description = this.#describeForOpen(target, how);
    const code = refusal(how, description.kind, description.type === "symlink");
    if (code !== undefined) throw new FsError(code, "open", { path: target.text });
    return new OpenFile(this.store, target.text, description);
  }

  #describe({ bytes, text }: Path, syscall: string, follow: boolean): Description {
    if (bytes.length === 0) throw new FsError("ENOENT", syscall, { path: text });
    return asCall(syscall, text, () => this.store.describe(bytes, follow));
  }

  #describeForOpen(target: Path, flags: number): Description {
    try {
      return this.#describe(target, "open", followsLink(flags));
    } catch (error) {
      const missing = error instanceof FsError && error.code === "ENOENT";
      if (missing && creates(flags) && this.#hasFolder(target)) {
        throw new FsError("EROFS", "open", { path: target.text });
      }
      throw error;
    }
  }

  /** Whether the folder exists that a file of this path would be created in. */
  #hasFolder({ bytes, text }: Path): boolean {
    const folder = bytes.subarray(0, bytes.lastIndexOf(SLASH) + 1);
    return bytes.length > 0 && asCall("open", text, () => this.store.exists(folder)) === "dictionary";
  }
}

const SLASH = 0x2f;

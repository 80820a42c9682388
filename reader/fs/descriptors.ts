import { checkInteger, wrongType } from "./argument-error.ts";
import { FsError } from "./fs-error.ts";
import type { OpenFile } from "./open-file.ts";

const MAX_DESCRIPTOR = 2 ** 31 - 1;

/**
 * Far above the system's descriptors, and different for any two images: in a union of file systems, a
 * descriptor then belongs to one of them only.
 */
let next = 2 ** 30;

/** The open files of one image by their descriptor. */
export class Descriptors {
  readonly #files = new Map<number, OpenFile>();

  add(file: OpenFile): number {
    const fd = next++;
    this.#files.set(fd, file);
    return fd;
  }

  /**
   * The open file.
   * @throws {FsError} `EBADF`, if it is not open.
   * @throws {ArgumentError} if `fd` is no descriptor.
   */
  get(fd: number, syscall: string): OpenFile {
    if (typeof fd !== "number") throw wrongType("fd", "of type number", fd);
    checkInteger("fd", fd, 0, MAX_DESCRIPTOR);
    const file = this.#files.get(fd);
    if (file === undefined) throw new FsError("EBADF", syscall);
    return file;
  }

  /** @throws as `get`. */
  close(fd: number): void {
    this.get(fd, "close").close();
    this.#files.delete(fd);
  }
}

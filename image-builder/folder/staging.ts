import type { ObjectKind } from "../../reader/git/object.ts";
import { BIG_FILE_THRESHOLD } from "../packing/compression.ts";
import type { StagingPack } from "./staging-pack.ts";

/** Sorts the objects of a folder into PACKs. Await each call before the next. */
export class Staging {
  readonly #folders: StagingPack;
  readonly #files: StagingPack;
  readonly #bigFiles: StagingPack;

  /**
   * @param folders for trees and the commit.
   * @param files for files.
   * @param bigFiles for files over `BIG_FILE_THRESHOLD`, which get no deltas; may be the same as `files`.
   */
  constructor(folders: StagingPack, files: StagingPack, bigFiles: StagingPack) {
    this.#folders = folders;
    this.#files = files;
    this.#bigFiles = bigFiles;
  }

  /** As `StagingPack.add`. */
  async add(kind: ObjectKind, bytes: Uint8Array, path: string): Promise<Uint8Array> {
    return await (kind === "blob" ? this.#files : this.#folders).add(kind, bytes, path);
  }

  /** As `StagingPack.addBlob`. */
  async addBlob(
    size: number,
    chunks: AsyncIterable<Uint8Array>,
    path: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    return await (size > BIG_FILE_THRESHOLD ? this.#bigFiles : this.#files).addBlob(
      size,
      chunks,
      path,
      signal,
    );
  }
}

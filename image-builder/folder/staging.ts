import type { ObjectKind } from "../../reader/git/object.ts";
import { LARGE } from "../packing/compression.ts";
import type { StagingPack } from "./staging-pack.ts";

/** Where the objects of a folder go. One method at a time: each must be awaited. */
export class Staging {
  readonly #folders: StagingPack;
  readonly #files: StagingPack;
  readonly #large: StagingPack;

  /**
   * @param folders takes trees and commit, `files` the files, `large` those that are too large for deltas; `files` and `large`
   * may be one.
   */
  constructor(folders: StagingPack, files: StagingPack, large: StagingPack) {
    this.#folders = folders;
    this.#files = files;
    this.#large = large;
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
    return await (size > LARGE ? this.#large : this.#files).addBlob(size, chunks, path, signal);
  }
}

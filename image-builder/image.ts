import { writeSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ObjectFormat } from "../reader/git/object-format.ts";
import { raw } from "../reader/git/object-id.ts";
import { encodeHeader, headerSize, paddedTo } from "../reader/image/header.ts";
import { FOOTER_SIZE, looksLikeFooter } from "../reader/image/sections.ts";
import { finalPath, openBeside, writeFailed } from "./image-path.ts";
import { removeLeftImages, temporaryImageName } from "./leftovers.ts";
import type { OnProgress } from "./progress.ts";

/** Bytes read and written at a time. */
const CHUNK = 4 * 1024 * 1024;

/**
 * Writes sections of docteur's own between the PACK and the IDX.
 * @param file the image, which may be read; `offset` where sections may begin, the padded end of the PACK.
 * @returns the offset where they end; what is behind that is dropped.
 */
export type WriteSections = (file: FileHandle, offset: number) => Promise<number>;

/** What completes an image whose PACK is written. */
export interface ImageParts {
  /** The commit's id, hexadecimal. */
  readonly commit: string;
  /** Bytes; see `checkBlockSize`. */
  readonly blockSize: number;
  /** Bytes of the PACK, its trailer included. */
  readonly packBytes: number;
  /** The file with the IDX. */
  readonly idx: string;
  /** Default: no sections. */
  readonly sections?: WriteSections | undefined;
}

/** Offsets and sizes of a written image, in bytes. */
export interface ImageShape {
  readonly packBytes: number;
  readonly indexOffset: number;
  readonly bytes: number;
}

/**
 * An image that is being written: a temporary file beside its final path. Until `publish`, a file at that
 * path stays as it is. Disposing of the image without `publish` removes the temporary file.
 */
export class ImageFile implements AsyncDisposable {
  /** The final path: absolute, symbolic links resolved. */
  readonly path: string;
  /** The temporary file. */
  readonly temporary: string;
  readonly #file: FileHandle;
  #packStart = 0;
  #published = false;

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.path = path;
    this.temporary = temporary;
    this.#file = file;
  }

  /**
   * Makes the temporary file, so that a path where no image can be written is an error before the work
   * begins. Removes the temporary files that killed makes have left beside it.
   * @throws {DocteurError} `IMAGE_PATH`.
   */
  static async create(image: string): Promise<ImageFile> {
    const { path, mode } = await finalPath(image);
    await removeLeftImages(dirname(path));
    const temporary = join(dirname(path), temporaryImageName(basename(path)));
    return new ImageFile(path, temporary, await openBeside(image, temporary, "wx+", mode));
  }

  /**
   * Drops what was written before. The header stays empty until `complete`, so that nothing takes the file
   * for an image.
   * @param format how its objects are named.
   * @throws {DocteurError} `DISK_FULL`, `IMAGE_WRITE`.
   */
  async begin({ idLength }: ObjectFormat): Promise<void> {
    this.#packStart = headerSize(idLength);
    try {
      await this.#file.truncate();
      await this.#zeroes(0, this.#packStart);
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }

  /**
   * Writes bytes of the PACK.
   * @param offset in the PACK.
   * @throws {DocteurError} `DISK_FULL`, `IMAGE_WRITE`.
   */
  writePack(bytes: Uint8Array, offset: number): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        const at = this.#packStart + offset + done;
        done += writeSync(this.#file.fd, bytes, done, bytes.length - done, at);
      }
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }

  /**
   * Writes padding, sections, IDX and padding behind the PACK, then the header, and flushes all to the disk.
   * @throws {DocteurError} `DISK_FULL`, `IMAGE_WRITE`; what `sections` throws; the signal's reason when
   * aborted.
   */
  async complete(parts: ImageParts, onProgress?: OnProgress, signal?: AbortSignal): Promise<ImageShape> {
    const { commit, blockSize, packBytes, sections } = parts;
    await using idx = await open(parts.idx);
    const indexBytes = (await idx.stat()).size;
    const packEnd = this.#packStart + packBytes;
    const paddedEnd = paddedTo(packEnd, blockSize);
    const total = packBytes + indexBytes;
    try {
      // The padding is written, although a hole reads as zeroes: writing to a hole later may find the disk
      // full.
      await this.#zeroes(packEnd, paddedEnd);
      const sectionsEnd = sections === undefined ? paddedEnd : await sections(this.#file, paddedEnd);
      const hasFooter = sectionsEnd !== paddedEnd;
      const room = hasFooter || !(await this.#looksLikeFooter(paddedEnd)) ? 0 : FOOTER_SIZE;
      const indexOffset = Math.ceil((sectionsEnd + room) / blockSize) * blockSize;
      // What was written for a section that was given up.
      await this.#file.truncate(sectionsEnd);
      await this.#zeroes(sectionsEnd, indexOffset);
      const report = (done: number) =>
        onProgress?.({ phase: "write", unit: "bytes", done: packBytes + done, total });
      await this.#copy(idx, indexOffset, report, signal);
      const bytes = paddedTo(indexOffset + indexBytes, blockSize);
      await this.#zeroes(indexOffset + indexBytes, bytes);
      await this.#writeAt(encodeHeader(raw(commit), indexOffset), 0);
      await this.#file.sync();
      return { packBytes, indexOffset, bytes };
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }

  /**
   * Renames the written image to its final path, and flushes the folder to the disk.
   * @throws {DocteurError} `DISK_FULL`, `IMAGE_WRITE`.
   */
  async publish(): Promise<void> {
    try {
      await this.#file.close();
      await rename(this.temporary, this.path);
      this.#published = true;
      await using folder = await open(dirname(this.path));
      await folder.sync();
    } catch (error) {
      throw writeFailed(this.path, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close().catch(() => {});
    if (!this.#published) await rm(this.temporary, { force: true });
  }

  /** Whether a reader may take the end of the PACK, which a repository can have made for that, for a footer. */
  async #looksLikeFooter(end: number): Promise<boolean> {
    const bytes = Buffer.alloc(FOOTER_SIZE);
    const { bytesRead } = await this.#file.read(bytes, 0, FOOTER_SIZE, end - FOOTER_SIZE);
    return bytesRead === FOOTER_SIZE && looksLikeFooter(bytes);
  }

  async #copy(
    from: FileHandle,
    at: number,
    report: (done: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let done = 0; ; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await from.read(buffer, 0, CHUNK, done);
      if (bytesRead === 0) return;
      await this.#writeAt(buffer.subarray(0, bytesRead), at + done);
      done += bytesRead;
      report(done);
    }
  }

  async #zeroes(from: number, to: number): Promise<void> {
    const zeroes = Buffer.alloc(Math.min(CHUNK, to - from));
    for (let at = from; at < to; at += zeroes.length) await this.#writeAt(zeroes.subarray(0, to - at), at);
  }

  async #writeAt(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  }
}

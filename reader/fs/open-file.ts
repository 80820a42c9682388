import { yieldToEventLoop } from "../event-loop.ts";
import type { BlobReader } from "../pack/blob-reader.ts";
import type { Description, Store } from "../store/store.ts";
import { asCall, FsError } from "./fs-error.ts";

/** Bytes that are read before the next yield to the event loop. */
export const STRIDE = 4 * 1024 * 1024;

/** An open file or folder. The first read opens its content. */
export class OpenFile {
  /** As the caller of `open` wrote it. */
  readonly path: string;
  readonly description: Description;
  /** Byte that the next read without a position starts at. */
  position = 0;
  readonly #store: Store;
  #reader: BlobReader | undefined;
  #closed = false;

  constructor(store: Store, path: string, description: Description) {
    this.#store = store;
    this.path = path;
    this.description = description;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Opens another reader, for a stream. @throws {FsError} `EISDIR`, `EIO`, `EFBIG`. */
  openReader(): BlobReader {
    const { path, kind } = this.description;
    if (kind === "dictionary") throw new FsError("EISDIR", "read", { path: this.path });
    return asCall("read", this.path, () => this.#store.open(path));
  }

  /** Verifies all of the content at once. @throws {FsError} `EISDIR`, `EIO`, `EFBIG`, `EBADF`. */
  verifySync(): void {
    const reader = this.#at();
    asCall("read", this.path, () => reader.verify());
  }

  /** Verifies the content and yields to the event loop meanwhile. Rejects as `verifySync` throws. */
  async verify(): Promise<void> {
    while (!verifyStride(this.#at(), this.path)) await yieldToEventLoop();
  }

  /**
   * Fills `into` from a position, or from where the last such read ended if that is undefined.
   * @returns bytes read; 0 at the end.
   */
  read(into: Uint8Array, position: number | undefined): number {
    const reader = this.#at();
    const read = asCall("read", this.path, () => reader.read(position ?? this.position, into));
    if (position === undefined) this.position += read;
    return read;
  }

  /**
   * Reads everything from where the last read ended, into memory of its own.
   * @throws {FsError} as `verifySync`.
   */
  readRest(): Uint8Array {
    const { path, kind } = this.description;
    if (kind === "dictionary") throw new FsError("EISDIR", "read", { path: this.path });
    const bytes = asCall("read", this.path, () => this.#store.get(path)).subarray(this.position);
    this.position += bytes.length;
    return bytes;
  }

  close(): void {
    this.#closed = true;
    this.#reader?.close();
    this.#reader = undefined;
  }

  #at(): BlobReader {
    if (this.#closed) throw new FsError("EBADF", "read");
    this.#reader ??= this.openReader();
    return this.#reader;
  }
}

/**
 * Verifies a stride of a blob.
 * @returns whether all of the blob is verified.
 * @throws {FsError} `EIO`.
 */
export function verifyStride(reader: BlobReader, path: string): boolean {
  return asCall("read", path, () => reader.verify(STRIDE));
}

import { addAbortSignal, Readable } from "node:stream";
import { yieldToEventLoop } from "../event-loop.ts";
import type { BlobReader } from "../pack/blob-reader.ts";
import { checkInteger, outOfRange } from "./argument-error.ts";
import { asCall } from "./fs-error.ts";
import type { ImageFiles } from "./image-files.ts";
import { type OpenFile, STRIDE, verifyStride } from "./open-file.ts";
import { type PathLike, toPath } from "./path-like.ts";

/** Options of `createReadStream`, as in node:fs. */
export interface ReadStreamOptions {
  readonly encoding?: BufferEncoding | null | undefined;
  /** First byte. Default 0; with `fd`, where the previous read ended. */
  readonly start?: number | undefined;
  /** Last byte, inclusive. Default: the file's last. */
  readonly end?: number | undefined;
  /** Bytes of a piece. Default 64 KiB. */
  readonly highWaterMark?: number | undefined;
  /** Read this instead of opening the path. */
  readonly fd?: number | { readonly fd: number } | null | undefined;
  /** Whether the descriptor is closed at the end. Default true. */
  readonly autoClose?: boolean | undefined;
  /** Whether `close` is emitted. Default true. */
  readonly emitClose?: boolean | undefined;
  readonly flags?: string | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

const HIGH_WATER_MARK = 64 * 1024;

/**
 * A stream of a file, after `fs.ReadStream`. Of an undeltified file it holds a piece and the inflater's
 * window. `FsOptions.verify` says when it verifies the content.
 */
export class ImageReadStream extends Readable {
  readonly path: string | undefined;
  readonly flags: string;
  readonly start: number | undefined;
  readonly end: number;
  readonly autoClose: boolean;
  fd: number | null;
  /** Bytes read so far. */
  bytesRead = 0;
  readonly #files: ImageFiles;
  readonly #openPath: PathLike | undefined;
  #file: OpenFile | undefined;
  #reader: BlobReader | undefined;
  #position = 0;

  /** @throws {ArgumentError} if `start` or `end` is no offset in a file. */
  constructor(files: ImageFiles, path: PathLike | undefined, options: ReadStreamOptions) {
    const { start, end = Number.POSITIVE_INFINITY } = options;
    if (start !== undefined) checkInteger("start", start, 0);
    if (end !== Number.POSITIVE_INFINITY) checkInteger("end", end, 0);
    if (start !== undefined && start > end) throw outOfRange("start", `<= "end" (here: ${end})`, start);
    super({
      highWaterMark: options.highWaterMark ?? HIGH_WATER_MARK,
      emitClose: options.emitClose ?? true,
      autoDestroy: true,
      ...(options.encoding ? { encoding: options.encoding } : {}),
    });
    const given = options.fd ?? null;
    this.fd = given === null || typeof given === "number" ? given : given.fd;
    this.path = this.fd === null && path !== undefined ? toPath(path).text : undefined;
    this.flags = options.flags ?? "r";
    this.start = start;
    this.end = end;
    this.autoClose = options.autoClose ?? true;
    this.#files = files;
    this.#openPath = path;
    if (options.signal) addAbortSignal(options.signal, this);
  }

  /** Whether the file is not open yet. */
  get pending(): boolean {
    return this.#file === undefined;
  }

  /** Ends the stream and then calls back. */
  close(callback?: (error?: Error | null) => void): void {
    if (callback !== undefined) {
      if (this.closed) process.nextTick(callback);
      else this.once("close", () => callback());
    }
    this.destroy();
  }

  override _construct(callback: (error?: Error | null) => void): void {
    try {
      const opens = this.fd === null;
      this.fd ??= this.#files.descriptors.add(this.#files.open(this.#openPath as PathLike, this.flags));
      this.#file = this.#files.descriptors.get(this.fd, "read");
      this.#position = this.start ?? this.#file.position;
      callback();
      if (opens) this.emit("open", this.fd);
      this.emit("ready");
    } catch (error) {
      callback(error as Error);
    }
  }

  /** Yields before each piece: a stream that never waits for the device would block the event loop. */
  override _read(size: number): void {
    yieldToEventLoop()
      .then(() => (this.destroyed ? undefined : this.#next(size)))
      .catch((error) => this.destroy(error as Error));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#reader?.close();
    const fd = this.fd;
    if (this.autoClose && fd !== null && this.#file?.closed === false) this.#files.descriptors.close(fd);
    callback(error);
  }

  async #next(size: number): Promise<void> {
    const file = this.#file as OpenFile;
    const reader = this.#reader ?? (await this.#openReader(file));
    if (this.destroyed) return;
    const stop = Math.min(this.end + 1, reader.size);
    if (this.#position >= stop) {
      this.push(null);
      return;
    }
    const piece = Buffer.allocUnsafeSlow(Math.min(size, stop - this.#position));
    asCall("read", file.path, () => reader.read(this.#position, piece));
    this.#position += piece.length;
    if (this.start === undefined) file.position = this.#position;
    // The last piece is held back until all is verified.
    if (this.#position >= stop) await this.#verify(reader, file.path);
    if (this.destroyed) return;
    this.bytesRead += piece.length;
    this.push(piece);
  }

  /**
   * Verifies the file if that comes first, and goes to where reading starts. Yields, since that may be far.
   */
  async #openReader(file: OpenFile): Promise<BlobReader> {
    const reader = file.openReader();
    this.#reader = reader;
    if (this.#files.verify === "before" || !reader.streams) await this.#verify(reader, file.path);
    const byte = Buffer.alloc(1);
    for (let at = 0; at < this.#position && at < reader.size && !this.destroyed; at += STRIDE) {
      asCall("read", file.path, () => reader.read(at, byte));
      await yieldToEventLoop();
    }
    return reader;
  }

  async #verify(reader: BlobReader, path: string): Promise<void> {
    while (!this.destroyed && !verifyStride(reader, path)) await yieldToEventLoop();
  }
}

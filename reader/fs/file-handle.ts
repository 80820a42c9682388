import { EventEmitter } from "node:events";
import type { Interface } from "node:readline";
import { Readable } from "node:stream";
import { type Encoding, encodeContent, toOptions } from "./encoding.ts";
import { FsError } from "./fs-error.ts";
import type { ImageFiles } from "./image-files.ts";
import type { OpenFile } from "./open-file.ts";
import { type ReadOptions, toPosition, toReadTarget } from "./read-arguments.ts";
import { ImageReadStream, type ReadStreamOptions } from "./read-stream.ts";
import { ImageBigIntStats, ImageStats } from "./stats.ts";
import { readInto } from "./sync-calls.ts";
import { handleWriters } from "./writers.ts";

/** Bytes of the buffer that `read` allocates when it gets none. */
const BUFFER_SIZE = 16 * 1024;

/**
 * An open file, after `FileHandle` of node:fs/promises. The first read verifies the whole content; a large
 * file passes through a window. Later reads return verified bytes.
 */
export class ImageFileHandle extends EventEmitter implements AsyncDisposable {
  readonly #files: ImageFiles;
  readonly #fd: number;
  #open = true;

  constructor(files: ImageFiles, fd: number) {
    super();
    this.#files = files;
    this.#fd = fd;
  }

  /** The descriptor; -1 once closed. */
  get fd(): number {
    return this.#open ? this.#fd : -1;
  }

  async read(
    bufferOrOptions?: NodeJS.ArrayBufferView | ReadOptions | null,
    offsetOrOptions?: number | ReadOptions | null,
    length?: number | null,
    position?: number | bigint | null,
  ): Promise<{ bytesRead: number; buffer: NodeJS.ArrayBufferView }> {
    const file = this.#file("read");
    const { buffer, target } = readArguments(bufferOrOptions, offsetOrOptions, length, position);
    if (target.into.length === 0) return { bytesRead: 0, buffer };
    await file.verify();
    return { bytesRead: file.read(target.into, target.position), buffer };
  }

  async readv<Buffers extends readonly NodeJS.ArrayBufferView[]>(
    buffers: Buffers,
    position?: number | null,
  ): Promise<{ bytesRead: number; buffers: Buffers }> {
    const file = this.#file("read");
    const start = toPosition(position);
    await file.verify();
    return { bytesRead: readInto(file, buffers, start), buffers };
  }

  /** Reads everything from where the last read ended. */
  async readFile(
    options?: Encoding | { encoding?: Encoding | null; signal?: AbortSignal } | null,
  ): Promise<string | Buffer> {
    const { encoding, signal } = toOptions<{ signal?: AbortSignal }>(options);
    signal?.throwIfAborted();
    return encodeContent(this.#file("read").readRest(), encoding);
  }

  async stat(options?: { bigint?: boolean } | null): Promise<ImageStats | ImageBigIntStats> {
    const stats = new ImageStats(this.#file("fstat").description, this.#files.store);
    return options?.bigint === true ? new ImageBigIntStats(stats) : stats;
  }

  createReadStream(options: ReadStreamOptions = {}): ImageReadStream {
    this.#file("read");
    const stream = new ImageReadStream(this.#files, undefined, { ...options, fd: this.#fd });
    if (stream.autoClose) stream.once("close", () => this.#closed());
    return stream;
  }

  readableWebStream(options: { autoClose?: boolean } = {}): ReadableStream {
    const stream = this.createReadStream({ autoClose: options.autoClose ?? false });
    return Readable.toWeb(stream, { type: "bytes" }) as ReadableStream;
  }

  readLines(options: ReadStreamOptions = {}): Interface {
    // Not imported at the top: the machine would start later, for what few programs use.
    return process.getBuiltinModule("node:readline").createInterface({
      input: this.createReadStream(options),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
  }

  async sync(): Promise<void> {
    this.#file("fsync");
  }

  async datasync(): Promise<void> {
    this.#file("fdatasync");
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#files.descriptors.close(this.#fd);
    this.#closed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #closed(): void {
    if (!this.#open) return;
    this.#open = false;
    this.emit("close");
  }

  #file(syscall: string): OpenFile {
    if (!this.#open) throw new FsError("EBADF", syscall);
    return this.#files.descriptors.get(this.#fd, syscall);
  }
}

/** Node takes `(buffer, offset, length, position)`, `(buffer, options)`, `(options)` and no arguments. */
export function readArguments(
  bufferOrOptions: NodeJS.ArrayBufferView | ReadOptions | null | undefined,
  offsetOrOptions?: number | ReadOptions | null,
  length?: number | null,
  position?: number | bigint | null,
) {
  if (ArrayBuffer.isView(bufferOrOptions)) {
    const target = toReadTarget(bufferOrOptions, offsetOrOptions, length, position);
    return { buffer: bufferOrOptions, target };
  }
  const options = bufferOrOptions ?? {};
  const buffer = options.buffer ?? Buffer.alloc(BUFFER_SIZE);
  return { buffer, target: toReadTarget(buffer, options) };
}

// A handle has the methods that write of Node's handle. They fail with `EROFS`.
for (const [name, call] of Object.entries(handleWriters)) {
  Object.defineProperty(ImageFileHandle.prototype, name, {
    value: async (...given: unknown[]) => call(...given),
    writable: true,
    configurable: true,
  });
}

import type { Duplex } from "node:stream";
import { deferred } from "../../reader/deferred.ts";
import { DocteurError, InvalidImageError } from "../../reader/errors.ts";
import { decodeHeader, HEADER_BYTES, type ImageHeader } from "../../reader/image/header.ts";
import { SourceError } from "../../reader/source-error.ts";
import type { ImageAddress } from "../../remote/address.ts";
import type { RemoteImage } from "../../remote/image.ts";
import { serveNbd } from "../../remote/nbd/server.ts";
import { wholeSectors } from "../../remote/nbd/whole-sectors.ts";
import { openRemoteImage, type RemoteOptions } from "../../remote/open.ts";
import { type Disk, type DiskReads, SERVED_BLOCKDEV } from "../qemu/disk.ts";

/** An image that lies elsewhere as a disk: this process reads it, for any number of machines. */
export class ServedDisk implements Disk, AsyncDisposable {
  readonly name: string;
  readonly isElsewhere = true;
  readonly blockdev = SERVED_BLOCKDEV;
  readonly header: ImageHeader;
  onFault: ((line: string) => void) | undefined;
  readonly #image: RemoteImage;

  private constructor(image: RemoteImage, header: ImageHeader) {
    this.name = image.display;
    this.#image = image;
    this.header = header;
  }

  /**
   * Opens the image and checks its header.
   * @throws {SourceError} @throws {DocteurError} `INVALID_IMAGE`; the signal's reason.
   */
  static async open(address: ImageAddress, options: RemoteOptions): Promise<ServedDisk> {
    return ServedDisk.of(await openRemoteImage(address, options), options.signal);
  }

  /** The same of an image that is open. It is closed if it is none. */
  static async of(image: RemoteImage, signal?: AbortSignal): Promise<ServedDisk> {
    try {
      const header = await readHeader(image, signal).catch(async (error) => {
        if (!(error instanceof InvalidImageError)) throw error;
        // A block in the cache may be damaged. The server's is not called so before it is read itself.
        await image.forget();
        return readHeader(image, signal);
      });
      return new ServedDisk(image, header);
    } catch (error) {
      await image[Symbol.asyncDispose]();
      if (!(error instanceof InvalidImageError)) throw error;
      throw new DocteurError("INVALID_IMAGE", `${image.display}: ${error.message}`, { cause: error });
    }
  }

  serve(socket: Duplex): DiskReads {
    return new ServedReads(this.#image, this.header.commit, socket, (line) => this.onFault?.(line));
  }

  unreadable(reason: string): DocteurError {
    return new SourceError("SOURCE_MALFORMED", `${this.name}: QEMU cannot open it: ${reason}`);
  }

  /** Closes the image, once no process reads it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#image[Symbol.asyncDispose]();
  }
}

async function readHeader(image: RemoteImage, signal: AbortSignal | undefined): Promise<ImageHeader> {
  const bytes = await image.read(0, Math.min(HEADER_BYTES, image.size), signal);
  return decodeHeader(bytes, image.size);
}

class ServedReads implements DiskReads {
  readonly commit: string;
  fault: DocteurError | undefined;
  answersFaults = false;
  readonly #image: RemoteImage;
  readonly #server: ReturnType<typeof serveNbd>;
  readonly #failed = deferred<DocteurError>();
  readonly #note: (line: string) => void;

  constructor(image: RemoteImage, commit: string, socket: Duplex, note: (line: string) => void) {
    this.#image = image;
    this.commit = commit;
    this.#note = note;
    this.#server = serveNbd(socket, wholeSectors(image), { onFault: (error) => this.#onFault(error) });
  }

  get waiting(): number {
    return this.#server.waiting;
  }

  get failed(): Promise<DocteurError> {
    return this.#failed.promise;
  }

  async dropBlocks(): Promise<string> {
    await this.#image.forget();
    return `${this.#image.display}: what the cache had of it is dropped: run it again; if that fails too, the image itself is damaged`;
  }

  /** @returns whether the process gets an answer. */
  #onFault(error: unknown): boolean {
    const fault = error instanceof DocteurError ? error : defect(this.#image.display, error);
    this.fault ??= fault;
    this.#failed.resolve(this.fault);
    if (this.answersFaults) this.#note(fault.message);
    return this.answersFaults;
  }
}

function defect(name: string, cause: unknown): DocteurError {
  const what = cause instanceof Error ? cause.message : String(cause);
  return new SourceError("SOURCE_UNREACHABLE", `${name}: it cannot be read: ${what}`, { cause });
}

import { type BlockDevice, startOfSectors } from "../../reader/block/device.ts";
import type { SourceErrorCode } from "../../reader/error-codes.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { SourceError } from "../../reader/source-error.ts";
import {
  CONTROL_BYTES,
  type DeviceHandle,
  type ErrorAnswer,
  LENGTH,
  PIECE,
  type Question,
  STATE,
  State,
} from "./protocol.ts";

const SECTOR_SIZE = 512;

/** A block of the source: less takes as long. */
const IO_SIZE = 64 * 1024;

/** The device of a handle: the calling thread sleeps while another fetches. */
export class RemoteDevice implements BlockDevice {
  readonly sectorSize = SECTOR_SIZE;
  readonly sectorCount: number;
  readonly size: number;
  readonly optimalIoSize = IO_SIZE;
  readonly #handle: DeviceHandle;
  readonly #control: Int32Array;
  readonly #data: Uint8Array;
  readonly #onClose: (() => void) | undefined;
  #isOpen = true;
  /** After a question that got no answer: a late one must not be taken for that of another. */
  #failure: SourceError | undefined;

  /** @param onClose called when the device is closed. */
  constructor(handle: DeviceHandle, onClose?: () => void) {
    this.size = handle.size;
    this.sectorCount = Math.ceil(handle.size / SECTOR_SIZE);
    this.#handle = handle;
    this.#control = new Int32Array(handle.memory, 0, CONTROL_BYTES / Int32Array.BYTES_PER_ELEMENT);
    this.#data = new Uint8Array(handle.memory, CONTROL_BYTES);
    this.#onClose = onClose;
  }

  /** @throws {SourceError} the image cannot be read where it lies. */
  readSectors(first: number, into: Uint8Array): void {
    const { display } = this.#handle;
    const start = startOfSectors(this, first, into, display);
    if (!this.#isOpen) throw new InvalidImageError("device", `${display} is closed`, { offset: start });
    // Of no sectors at the end, a size that is no multiple of them leaves less than nothing.
    const length = Math.max(0, Math.min(into.length, this.size - start));
    for (let done = 0; done < length; ) {
      const bytes = this.#ask({ offset: start + done, length: Math.min(PIECE, length - done) });
      into.set(bytes, done);
      done += bytes.length;
    }
    into.fill(0, length);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#handle.port.close();
    this.#onClose?.();
  }

  /** @returns memory that the next question uses again. */
  #ask(question: Question): Uint8Array {
    if (this.#failure !== undefined) throw this.#failure;
    const { port, patience, display } = this.#handle;
    Atomics.store(this.#control, STATE, State.waiting);
    port.postMessage(question);
    if (Atomics.wait(this.#control, STATE, State.waiting, patience) === "timed-out") {
      this.#failure = new SourceError(
        "SOURCE_TIMEOUT",
        `${display}: no answer within ${Math.round(patience / 1000)} seconds; try again`,
      );
      throw this.#failure;
    }
    const bytes = this.#data.subarray(0, Atomics.load(this.#control, LENGTH));
    if (Atomics.load(this.#control, STATE) === State.failed) throw rebuild(bytes);
    return bytes;
  }
}

function rebuild(bytes: Uint8Array): Error {
  const { code, message } = JSON.parse(Buffer.from(bytes).toString()) as ErrorAnswer;
  // Fetching throws no others that have a code.
  return code === undefined ? new Error(message) : new SourceError(code as SourceErrorCode, message);
}

import { createInflate } from "node:zlib";
import { type Inflated, InflateError, type Inflater } from "./inflate.ts";

const Z_SYNC_FLUSH = 2;

/**
 * The part of node:zlib's binding that this file relies on; Node's own `processChunkSync` is built on the
 * same.
 */
interface ZlibHandle {
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputLength: number,
    output: Uint8Array,
    outputStart: number,
    outputLength: number,
  ): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface ZlibStream {
  readonly _handle?: Partial<ZlibHandle>;
  /** After a write: bytes left of the output, bytes left of the input. */
  readonly _writeState?: Uint32Array;
}

/**
 * The native engine. `inflateSync`, the public call, makes a new zlib stream each time (as long as inflating
 * a small object itself), wants all of the input at once, whose length a PACK does not say, and allocates the
 * output in pieces. So this drives one stream's handle directly.
 */
export class ZlibInflater implements Inflater {
  readonly #handle: ZlibHandle;
  readonly #state: Uint32Array;
  /** Keeps the stream, and so its handle's memory, from being collected. */
  readonly #stream: object;
  #failure: string | undefined;
  readonly #result = { consumed: 0, produced: 0, ended: false };

  private constructor(stream: object, handle: ZlibHandle, state: Uint32Array) {
    this.#stream = stream;
    this.#handle = handle;
    this.#state = state;
    handle.onerror = (message) => {
      this.#failure = message;
    };
  }

  /** The engine, or undefined on a Node whose zlib looks different inside; pako serves there. */
  static create(): ZlibInflater | undefined {
    const stream = createInflate({ chunkSize: 64 });
    const { _handle: handle, _writeState: state } = stream as unknown as ZlibStream;
    const fits = typeof handle?.reset === "function" && typeof handle.writeSync === "function";
    return fits && state instanceof Uint32Array
      ? new ZlibInflater(stream, handle as ZlibHandle, state)
      : undefined;
  }

  start(): void {
    this.#handle.reset();
  }

  write(
    input: Uint8Array,
    inputStart: number,
    inputEnd: number,
    output: Uint8Array,
    outputStart: number,
    outputEnd: number,
  ): Inflated {
    const inputLength = inputEnd - inputStart;
    const outputLength = outputEnd - outputStart;
    this.#handle.writeSync(Z_SYNC_FLUSH, input, inputStart, inputLength, output, outputStart, outputLength);
    if (this.#failure !== undefined) {
      const message = this.#failure;
      this.#failure = undefined;
      throw new InflateError(`does not inflate: ${message}`);
    }
    const outputLeft = this.#state[0] as number;
    const inputLeft = this.#state[1] as number;
    const result = this.#result;
    result.consumed = inputLength - inputLeft;
    result.produced = outputLength - outputLeft;
    // zlib stops short of both ends only where the stream itself ends.
    result.ended = outputLeft > 0 && inputLeft > 0;
    return result;
  }

  another(): ZlibInflater {
    return ZlibInflater.create() as ZlibInflater;
  }

  close(): void {
    (this.#stream as { close(): void }).close();
  }
}

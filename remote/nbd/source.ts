import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { SourceError } from "../../reader/source-error.ts";
import type { NbdAddress } from "../address.ts";
import { DEFAULT_DEADLINE, DEFAULT_START, type Source, type SourceOptions } from "../source.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { ConnectionLostError, NbdConnection } from "./connection.ts";

/** Milliseconds before a lost connection is made again: at first, and at most. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/**
 * Opens an export of an NBD server, over TCP or at a Unix socket, without TLS. A connection that is lost is
 * made again, until the deadline of the reads that wait for it.
 *
 * The protocol names no version of the bytes: the key is another one each time, and only another size shows
 * that the export has changed.
 *
 * @throws {SourceError} `SOURCE_UNREACHABLE`, `SOURCE_TIMEOUT`; those of `NbdConnection.open`.
 */
export async function openNbdSource(address: NbdAddress, options: SourceOptions = {}): Promise<Source> {
  const { start = DEFAULT_START, deadline = DEFAULT_DEADLINE, signal } = options;
  const source = new NbdSource(address, deadline, options.detail);
  try {
    await source.open(start, signal);
    return source;
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Asks a server whether it has an export, and how large it is, without being counted as a client of it: some
 * servers end with their first client.
 *
 * @returns bytes of the export. @throws {SourceError} as `openNbdSource`.
 */
export async function findNbdExport(address: NbdAddress, options: SourceOptions = {}): Promise<number> {
  const { deadline = DEFAULT_DEADLINE, signal } = options;
  using limit = new Deadline(address, deadline, signal);
  using connection = await NbdConnection.open(address, false, limit.signal).catch((error) => {
    throw unreachable(address, error);
  });
  return connection.export.size;
}

class NbdSource implements Source {
  readonly display: string;
  readonly key: string = `nbd:${randomUUID()}`;
  readonly isUnversioned = true;
  size = 0;
  start: Uint8Array = new Uint8Array(0);
  readonly #address: NbdAddress;
  readonly #deadline: number;
  readonly #detail: ((line: string) => void) | undefined;
  #current: NbdConnection | undefined;
  /** The attempt to connect again, which all reads wait for. */
  #connecting: Promise<NbdConnection> | undefined;
  /** Ends attempts to connect, and pauses between them. */
  readonly #closed = new AbortController();

  constructor(address: NbdAddress, deadline: number, detail: ((line: string) => void) | undefined) {
    this.#address = address;
    this.#deadline = deadline;
    this.#detail = detail;
    this.display = address.display;
  }

  /** Connects, and reads the first bytes. A server that is not there is not tried again. */
  async open(start: number, signal: AbortSignal | undefined): Promise<void> {
    using limit = this.#limit(signal);
    try {
      this.#current = await NbdConnection.open(this.#address, true, limit.signal);
      this.size = this.#current.export.size;
    } catch (error) {
      throw unreachable(this.#address, error);
    }
    if (start > 0 && this.size > 0) this.start = await this.read(0, Math.min(start, this.size), signal);
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw new RangeError(`no ${length} bytes at ${offset} of ${this.size}`);
    }
    using limit = this.#limit(signal);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        const connection = await unlessAborted(this.#connected(), limit.signal);
        return await readAligned(connection, offset, length, limit.signal);
      } catch (error) {
        if (limit.signal.aborted) throw limit.signal.reason;
        if (!(error instanceof ConnectionLostError)) throw error;
        this.#detail?.(`${this.display}: ${error.message}; connecting again`);
      }
      await sleep(pause, undefined, { signal: limit.signal }).catch(() => {
        throw limit.signal.reason;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new SourceError("SOURCE_UNREACHABLE", `${this.display}: it is closed`));
    await this.#connecting?.catch(() => {});
    this.#current?.[Symbol.dispose]();
  }

  /** The connection, made again if it is lost. */
  async #connected(): Promise<NbdConnection> {
    if (this.#current?.isOpen) return this.#current;
    this.#connecting ??= this.#reconnect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #reconnect(): Promise<NbdConnection> {
    using limit = this.#limit(undefined);
    const connection = await NbdConnection.open(this.#address, true, limit.signal);
    const { size } = connection.export;
    if (size !== this.size) {
      connection[Symbol.dispose]();
      throw new SourceError(
        "SOURCE_CHANGED",
        `${this.display}: the export has ${size} bytes now and had ${this.size}: open it again`,
      );
    }
    this.#current = connection;
    return connection;
  }

  #limit(signal: AbortSignal | undefined): Deadline {
    const signals = [this.#closed.signal, ...(signal === undefined ? [] : [signal])];
    return new Deadline(this.#address, this.#deadline, AbortSignal.any(signals));
  }
}

/** A limit of time for one piece of work, as a signal. */
class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  constructor({ display }: NbdAddress, seconds: number, signal: AbortSignal | undefined) {
    const late = new AbortController();
    this.signal = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
    const what = `${display}: the server has not answered for ${seconds} seconds: check that it is an NBD server, or try again later`;
    this.#timer = setTimeout(() => late.abort(new SourceError("SOURCE_TIMEOUT", what)), seconds * 1000);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** Reads bytes by requests that are multiples of the server's blocks, and no longer than it allows. */
async function readAligned(
  connection: NbdConnection,
  offset: number,
  length: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { size, minimumBlock, maximumLength } = connection.export;
  const first = offset - (offset % minimumBlock);
  const end = Math.min(Math.ceil((offset + length) / minimumBlock) * minimumBlock, size);
  const reads: Promise<Buffer>[] = [];
  for (let at = first; at < end; at += maximumLength) {
    reads.push(connection.read(at, Math.min(maximumLength, end - at), signal));
  }
  const pieces = await Promise.all(reads);
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  return bytes.subarray(offset - first, offset - first + length);
}

function unreachable({ display }: NbdAddress, error: unknown): unknown {
  if (!(error instanceof ConnectionLostError)) return error;
  const what = `${display}: no connection to the server: ${error.message}; is it running, and is the address right?`;
  return new SourceError("SOURCE_UNREACHABLE", what, { cause: error });
}

import type { Duplex } from "node:stream";
import {
  CommandType,
  ErrorNumber,
  MAX_LENGTH,
  REPLY_BYTES,
  REPLY_MAGIC,
  REQUEST_BYTES,
  REQUEST_MAGIC,
} from "../../reader/block/nbd-protocol.ts";
import type { RemoteImage } from "../image.ts";
import { ByteReader } from "./byte-reader.ts";
import { serveHandshake } from "./server-handshake.ts";

/** Requests, and bytes that they ask for, that are answered at once. A client that sends more waits. */
const MAX_REQUESTS = 64;
const MAX_BYTES = 2 * MAX_LENGTH;

/** How a client is served. */
export interface NbdServerOptions {
  /** The name of the export, which the empty name means, too. Default: none. */
  readonly exportName?: string | undefined;
  /**
   * Gets the error of each read that fails. @returns whether the client gets EIO; otherwise no answer, and it
   * is to be ended. Default: EIO.
   */
  readonly onFault?: ((error: unknown) => boolean) | undefined;
}

/** A client that is served. */
export interface NbdServer {
  /** Requests that wait for the image. */
  readonly waiting: number;
  /** Resolves once the connection has ended and no read is under way. Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Serves an image to the client at the other end of a socket, by NBD: the fixed newstyle handshake, then
 * `READ` and `DISC`. A request is answered once its bytes have arrived, before or after others. The end of the
 * connection aborts the reads, and destroys the socket.
 */
export function serveNbd(
  socket: Duplex,
  image: Pick<RemoteImage, "size" | "read">,
  options: NbdServerOptions = {},
): NbdServer {
  return new Connection(socket, image, options);
}

interface Request {
  readonly flags: number;
  readonly type: number;
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly length: number;
}

class Connection implements NbdServer {
  readonly ended: Promise<void>;
  waiting = 0;
  readonly #socket: Duplex;
  readonly #image: Pick<RemoteImage, "size" | "read">;
  readonly #options: NbdServerOptions;
  readonly #closed = new AbortController();
  readonly #answers = new Set<Promise<void>>();
  /** Requests, and bytes of their answers, that the client has not got yet. */
  #requests = 0;
  #bytes = 0;
  #onRoom: (() => void) | undefined;

  constructor(socket: Duplex, image: Pick<RemoteImage, "size" | "read">, options: NbdServerOptions) {
    this.#socket = socket;
    this.#image = image;
    this.#options = options;
    socket.on("error", () => this.#close());
    socket.once("close", () => this.#close());
    this.ended = this.#serve();
  }

  async #serve(): Promise<void> {
    try {
      const reader = new ByteReader(this.#socket);
      const { exportName = "" } = this.#options;
      const isReady = await serveHandshake(reader, this.#socket, this.#image.size, exportName);
      if (isReady && !(await this.#serveRequests(reader))) this.#close();
      // A client that says that it leaves gets all answers.
      await Promise.all(this.#answers);
      if (!this.#closed.signal.aborted) await new Promise<void>((sent) => this.#socket.end(() => sent()));
    } catch {
      // The socket has failed: the client is gone.
    }
    this.#close();
    await Promise.all(this.#answers);
  }

  /** @returns whether the client has said that it leaves. */
  async #serveRequests(reader: ByteReader): Promise<boolean> {
    for (;;) {
      const request = decodeRequest(await reader.exactly(REQUEST_BYTES));
      if (request === undefined || this.#closed.signal.aborted) return false;
      const { type, length, cookie } = request;
      if (type === CommandType.DISC) return true;
      // The bytes to write follow: without them the next request is not found.
      if (type === CommandType.WRITE && (length > MAX_LENGTH || !(await reader.skip(length)))) return false;
      const error = this.#refusal(request);
      if (error === undefined) await this.#begin(request);
      else await this.#send(cookie, error, undefined);
    }
  }

  #refusal({ type, flags, offset, length }: Request): number | undefined {
    if (type === CommandType.READ) {
      const isWithin = offset + BigInt(length) <= BigInt(this.#image.size);
      return flags === 0 && length <= MAX_LENGTH && isWithin ? undefined : ErrorNumber.EINVAL;
    }
    const writes: number[] = [CommandType.WRITE, CommandType.TRIM, CommandType.WRITE_ZEROES];
    return writes.includes(type) ? ErrorNumber.EPERM : ErrorNumber.EINVAL;
  }

  /** Begins to answer a request, once there is room for the answer. */
  async #begin(request: Request): Promise<void> {
    while (this.#requests >= MAX_REQUESTS || (this.#bytes > 0 && this.#bytes + request.length > MAX_BYTES)) {
      await new Promise<void>((resume) => {
        this.#onRoom = resume;
      });
      if (this.#closed.signal.aborted) return;
    }
    this.#requests++;
    this.#bytes += request.length;
    const answer = this.#answer(request).finally(() => {
      this.#requests--;
      this.#bytes -= request.length;
      this.#answers.delete(answer);
      this.#onRoom?.();
    });
    this.#answers.add(answer);
  }

  async #answer({ cookie, offset, length }: Request): Promise<void> {
    const { signal } = this.#closed;
    this.waiting++;
    let bytes: Uint8Array | undefined;
    try {
      bytes = length === 0 ? new Uint8Array(0) : await this.#image.read(Number(offset), length, signal);
      if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes were read, not ${length}`);
    } catch (error) {
      bytes = undefined;
      if (signal.aborted || this.#options.onFault?.(error) === false) return;
    } finally {
      this.waiting--;
    }
    if (signal.aborted) return;
    await this.#send(cookie, bytes === undefined ? ErrorNumber.EIO : 0, bytes);
  }

  /** Resolves once the system has taken the reply, or the socket is destroyed. */
  async #send(cookie: bigint, error: number, bytes: Uint8Array | undefined): Promise<void> {
    const header = Buffer.alloc(REPLY_BYTES);
    header.writeUInt32BE(REPLY_MAGIC);
    header.writeUInt32BE(error, 4);
    header.writeBigUInt64BE(cookie, 8);
    if (!this.#socket.writable) return;
    await new Promise<void>((sent) => {
      this.#socket.cork();
      const hasBytes = bytes !== undefined && bytes.length > 0;
      this.#socket.write(header, hasBytes ? undefined : () => sent());
      if (hasBytes) this.#socket.write(bytes, () => sent());
      this.#socket.uncork();
    });
  }

  #close(): void {
    this.#closed.abort();
    this.#onRoom?.();
    this.#socket.destroy();
  }
}

/** @returns undefined if it is none, or there is none. */
function decodeRequest(bytes: Buffer | undefined): Request | undefined {
  if (bytes === undefined || bytes.readUInt32BE() !== REQUEST_MAGIC) return undefined;
  return {
    flags: bytes.readUInt16BE(4),
    type: bytes.readUInt16BE(6),
    cookie: bytes.readBigUInt64BE(8),
    offset: bytes.readBigUInt64BE(16),
    length: bytes.readUInt32BE(24),
  };
}

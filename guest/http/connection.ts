import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Milliseconds in which a client must take at least some of a response. */
export const SILENCE_TIMEOUT = 30_000;

/** Milliseconds in which a request must arrive completely. */
export const REQUEST_TIMEOUT = 10_000;

/** Milliseconds that a client has to read the final response and to close its side. */
const LINGER_TIME = 2000;

/** Estimated bytes of memory of a pipelined request, without and for each text of its header fields. */
const REQUEST_SIZE = 4096;
const TEXT_SIZE = 128;

/** A connection of a client. */
export type ClientSocket = Socket & {
  /** Marks that all requests that were read are answered. Only a connection that the host carries has it. */
  checkpoint?(): void;
};

/** A clock that is cheap to read and late by at most a tick. */
export interface Clock {
  /** Milliseconds, as of `performance.now`. */
  readonly now: number;
}

/**
 * One client's connection. It answers pipelined requests one at a time, so that it holds the memory of one
 * response only. What ends the connection comes after the responses that are due.
 */
export class Connection {
  readonly #socket: ClientSocket;
  readonly #answer: RequestListener;
  readonly #clock: Clock;
  readonly #onPipelined: (change: number) => void;
  /** Requests behind the one that is being answered. One read of the socket may bring thousands. */
  readonly #pipelined: [IncomingMessage, ServerResponse][] = [];
  #pipelinedBytes = 0;
  #current: ServerResponse | undefined;
  /** Whether the connection accepts no further request. */
  #isClosing = false;
  /** What is sent after the responses that are due. */
  #finalResponse: string | undefined;
  /** What is sent if the request that has arrived in part still does not arrive. */
  #timeoutResponse: string | undefined;
  #requestTimer: NodeJS.Timeout | undefined;
  readonly #opened: number;
  /** When the connection began to wait for a request, or to answer the current one. */
  #since: number;
  readonly #onClose = () => {
    // Listeners that come after this one release what the response holds, and the next may need it.
    if (this.#pipelined.length > 0) process.nextTick(() => this.#next());
    else this.#next();
  };

  /**
   * @param answer receives the requests, one at a time.
   * @param onPipelined receives each change of `pipelinedBytes`.
   */
  constructor(
    socket: ClientSocket,
    answer: RequestListener,
    clock: Clock,
    onPipelined: (change: number) => void,
  ) {
    this.#socket = socket;
    this.#answer = answer;
    this.#clock = clock;
    this.#onPipelined = onPipelined;
    this.#opened = clock.now;
    this.#since = clock.now;
    socket.once("close", () => this.#forget());
    // Node removes its own listener when it hands the socket out; an error without a listener ends the
    // process.
    socket.on("error", () => {});
    // Node calls this after the final response.
    socket.destroySoon = () => this.#linger();
  }

  /** Estimated bytes of memory of the requests behind the one that is being answered. */
  get pipelinedBytes(): number {
    return this.#pipelinedBytes;
  }

  /** Milliseconds since the server began to wait for the client: to send a request, or to take a response. */
  get waitingForClient(): number {
    return this.#isPreparing ? 0 : this.#clock.now - this.#since;
  }

  /** Bytes that the client takes a millisecond; 0 if no response is due. */
  get rate(): number {
    if (this.#current === undefined) return 0;
    const taken = this.#socket.bytesWritten - this.#socket.writableLength;
    return taken / Math.max(1, this.#clock.now - this.#opened);
  }

  /** Whether a response is due. */
  get isAnswering(): boolean {
    return this.#current !== undefined;
  }

  /** Answers a request after those before it. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    // Node still parses what it has read after the final request.
    if (this.#isEnding || this.#socket.destroyed) return;
    clearTimeout(this.#requestTimer);
    this.#timeoutResponse = undefined;
    if (mayLeaveInput(request)) response.shouldKeepAlive = false;
    if (!response.shouldKeepAlive) this.#isClosing = true;
    if (this.#current === undefined) {
      this.#begin(request, response);
      return;
    }
    if (this.#pipelined.push([request, response]) === 1) process.nextTick(() => this.#pause());
    this.#changePipelined(sizeOf(request));
  }

  /** Accepts no further request. @param finalResponse is sent after the responses that are due. */
  end(finalResponse: string): void {
    if (this.#isEnding) return;
    this.#isClosing = true;
    this.#finalResponse = finalResponse;
    if (this.#current === undefined) this.#linger();
  }

  /** Ends the connection at once; the kernel discards what the client has not taken. */
  reset(): void {
    this.#forget();
    this.#socket.resetAndDestroy();
  }

  /**
   * Ends a connection whose request has not arrived in time. If responses are due, the rest of the request
   * may have arrived and not have been read, so the time starts again after them.
   * @param finalResponse as of `end`.
   */
  onRequestTimeout(finalResponse: string): void {
    if (this.#current === undefined) this.end(finalResponse);
    else this.#timeoutResponse = finalResponse;
  }

  /**
   * Listens to the socket after Node has detached its parser, as it does for CONNECT. Due responses need
   * these events.
   */
  onDetached(): void {
    this.#socket.on("drain", () => this.#current?.emit("drain"));
    this.#socket.on("timeout", () => this.onTimeout());
  }

  /** Ends a silent connection, unless the client is waiting for a response that takes long to prepare. */
  onTimeout(): void {
    if (this.#isPreparing) this.#socket.setTimeout(SILENCE_TIMEOUT);
    else this.#socket.destroy();
  }

  /** Whether a final response is due. The handler may make the current one final. */
  get #isEnding(): boolean {
    return this.#isClosing || this.#current?.shouldKeepAlive === false;
  }

  /** Whether a response is due and the client has taken all of it that there is. */
  get #isPreparing(): boolean {
    return this.#current !== undefined && this.#socket.writableLength === 0;
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#current = response;
    this.#since = this.#clock.now;
    response.on("close", this.#onClose);
    this.#answer(request, response);
  }

  #next(): void {
    this.#current = undefined;
    this.#since = this.#clock.now;
    if (!this.#socket.writable) return;
    const next = this.#pipelined.shift();
    if (next !== undefined) {
      this.#changePipelined(-sizeOf(next[0]));
      if (this.#pipelined.length === 0) this.#socket.resume();
      this.#begin(...next);
    } else if (this.#finalResponse !== undefined) this.#linger();
    else if (this.#timeoutResponse !== undefined) {
      this.#requestTimer = setTimeout(() => this.end(this.#timeoutResponse ?? ""), REQUEST_TIMEOUT);
    } else if (!this.#isEnding) this.#socket.checkpoint?.();
  }

  /**
   * Reads no more until all pipelined requests are answered. Node resumes a socket after each request that it
   * parses.
   */
  #pause(): void {
    if (this.#pipelined.length > 0) this.#socket.pause();
  }

  #forget(): void {
    clearTimeout(this.#requestTimer);
    this.#changePipelined(-this.#pipelinedBytes);
    this.#pipelined.length = 0;
  }

  #changePipelined(bytes: number): void {
    this.#pipelinedBytes += bytes;
    this.#onPipelined(bytes);
  }

  /**
   * Closes this side first, and discards what still arrives: if a socket is closed with unread input, the
   * kernel resets the connection, and the client may lose the response (RFC 9112, section 9.6).
   */
  #linger(): void {
    const socket = this.#socket;
    this.#isClosing = true;
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const isFinal = this.#current?.shouldKeepAlive === false;
    socket.end(isFinal ? "" : (this.#finalResponse ?? ""));
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_TIME);
    socket.once("close", () => clearTimeout(timer));
  }
}

/**
 * Whether something other than the next request may follow a request: content, which this server does not
 * read, or what Node discards after a request with `Upgrade`, because another protocol could begin there.
 */
function mayLeaveInput({ headers }: IncomingMessage): boolean {
  return (
    headers["transfer-encoding"] !== undefined ||
    (headers["content-length"] ?? "0") !== "0" ||
    headers.upgrade !== undefined ||
    headers.expect !== undefined
  );
}

function sizeOf({ rawHeaders, url = "" }: IncomingMessage): number {
  return rawHeaders.reduce((sum, text) => sum + text.length + TEXT_SIZE, REQUEST_SIZE + url.length);
}

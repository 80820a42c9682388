import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Milliseconds in which a client must take at least some of an answer. */
export const SILENCE_TIMEOUT = 30_000;

/** Milliseconds in which a request must have come whole. */
export const REQUEST_TIMEOUT = 10_000;

/** Milliseconds that a client has to take the last answer and to close its side. */
const LINGER = 2000;

/** Bytes that a request takes while it waits, about: by itself, and for each name and value of its header fields. */
const REQUEST_SIZE = 4096;
const TEXT_SIZE = 128;

/** A clock that is read without asking the system, and so is late by a tick. */
export interface Clock {
  /** Milliseconds of `performance.now`. */
  readonly now: number;
}

/**
 * One client's connection. Its requests are answered one after the other, however many come at once, so that the memory of
 * one answer is all that it takes; what ends the connection is said after the answers that are due.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #answer: RequestListener;
  readonly #countWaiting: (change: number) => void;
  /** Requests that came while another was being answered. One read of the socket may bring thousands. */
  readonly #waiting: [IncomingMessage, ServerResponse][] = [];
  #waitingBytes = 0;
  #current: ServerResponse | undefined;
  /** No further request is taken. */
  #isClosing = false;
  /** What is said after the last answer. */
  #lastWords: string | undefined;
  readonly #clock: Clock;
  readonly #opened: number;
  /** When the connection began to do what it does now. */
  #since: number;
  readonly #onClose = () => {
    // What the answer has held is given back by listeners that come after this one; the next may want it.
    if (this.#waiting.length > 0) process.nextTick(() => this.#next());
    else this.#next();
  };
  /** Counts the time anew for a request of which a part came while another was being answered. */
  #requestLimit: NodeJS.Timeout | undefined;
  #lateWords: string | undefined;

  /**
   * @param answer gets the requests, one after the other.
   * @param countWaiting is given by how many bytes the memory of the waiting requests changes.
   */
  constructor(socket: Socket, answer: RequestListener, clock: Clock, countWaiting: (change: number) => void) {
    this.#socket = socket;
    this.#answer = answer;
    this.#clock = clock;
    this.#countWaiting = countWaiting;
    this.#opened = clock.now;
    this.#since = clock.now;
    socket.once("close", () => this.#forget());
    // Node takes its own listener away where it hands the socket out, and an error without one ends the process.
    socket.on("error", () => {});
    // So Node closes a socket after the last answer.
    socket.destroySoon = () => this.#linger();
  }

  /** Bytes of memory of the requests that wait for the one that is being answered, about. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Milliseconds for which the connection has waited for its client: to ask, or to take more of an answer. */
  get waitingForClient(): number {
    return this.#isAtWork ? 0 : this.#clock.now - this.#since;
  }

  /** Bytes a millisecond that the client takes, if it is being answered, else 0. */
  get pace(): number {
    if (this.#current === undefined) return 0;
    const taken = this.#socket.bytesWritten - this.#socket.writableLength;
    return taken / Math.max(1, this.#clock.now - this.#opened);
  }

  get isAnswering(): boolean {
    return this.#current !== undefined;
  }

  /** Answers a request as soon as those before it are answered. */
  take(request: IncomingMessage, response: ServerResponse): void {
    // After the last request, Node may still find some in what it has read. Nobody expects answers to them.
    if (this.#isEnding || this.#socket.destroyed) return;
    this.#lateWords = undefined;
    clearTimeout(this.#requestLimit);
    if (leavesInput(request)) response.shouldKeepAlive = false;
    if (!response.shouldKeepAlive) this.#isClosing = true;
    if (this.#current === undefined) {
      this.#begin(request, response);
      return;
    }
    // No more are read until all of these are answered. Node reads on at the end of each, so the pause must come later.
    if (this.#waiting.push([request, response]) === 1) process.nextTick(() => this.#socket.pause());
    this.#changeWaiting(sizeOf(request));
  }

  /** Takes no further request. @param lastWords are sent after the answers that are due. */
  end(lastWords: string): void {
    if (this.#isEnding) return;
    this.#isClosing = true;
    this.#lastWords = lastWords;
    if (this.#current === undefined) this.#linger();
  }

  /** Ends the connection at once. A reset frees what the kernel still holds for the client, too. */
  cut(): void {
    this.#forget();
    this.#socket.resetAndDestroy();
  }

  /**
   * A request has not come whole in time. While others are answered, the rest of it may well be there and not be read yet.
   * @param lastWords as of `end`.
   */
  onRequestTimeout(lastWords: string): void {
    if (this.#current === undefined) this.end(lastWords);
    else this.#lateWords = lastWords;
  }

  /** Goes on without Node, which lets go of a socket when a CONNECT comes: the answers that are due still need its events. */
  adopt(): void {
    this.#socket.on("drain", () => this.#current?.emit("drain"));
    this.#socket.on("timeout", () => this.onTimeout());
  }

  /** Nothing has been read or written for the time that was set. */
  onTimeout(): void {
    // The client waits for an answer that takes long to make.
    if (this.#isAtWork) this.#socket.setTimeout(SILENCE_TIMEOUT);
    else this.#socket.destroy();
  }

  /** Whether the answer that is being made, or one that waits, is the last. What a request turns out to be may make it so. */
  get #isEnding(): boolean {
    return this.#isClosing || this.#current?.shouldKeepAlive === false;
  }

  /** Whether an answer is being made, and the client has taken all that there is of it so far. */
  get #isAtWork(): boolean {
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
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#changeWaiting(-sizeOf(next[0]));
      if (this.#waiting.length === 0) this.#socket.resume();
      this.#begin(...next);
    } else if (this.#lastWords !== undefined) this.#linger();
    else if (this.#lateWords !== undefined) {
      this.#requestLimit = setTimeout(() => this.end(this.#lateWords!), REQUEST_TIMEOUT);
    }
  }

  #forget(): void {
    clearTimeout(this.#requestLimit);
    this.#changeWaiting(-this.#waitingBytes);
    this.#waiting.length = 0;
  }

  #changeWaiting(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#countWaiting(bytes);
  }

  /**
   * Closes this side, and reads on for a moment: were the socket closed while something is unread, the kernel would reset the
   * connection, and the client might never read the answer (RFC 9112, section 9.6).
   */
  #linger(): void {
    const socket = this.#socket;
    this.#isClosing = true;
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    // Behind an answer that says that it is the last, there is nothing more to say.
    const isSaid = this.#current?.shouldKeepAlive === false;
    socket.end(isSaid ? "" : (this.#lastWords ?? ""));
    socket.resume();
    const limit = setTimeout(() => socket.destroy(), LINGER);
    socket.once("close", () => clearTimeout(limit));
  }
}

/**
 * Whether something may follow a request that is not the next one: content, which this server does not read, or what Node
 * throws away behind a request with `Upgrade`, which it takes for another protocol's.
 */
function leavesInput({ headers }: IncomingMessage): boolean {
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

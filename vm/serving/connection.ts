import type { Socket } from "node:net";
import { malformed } from "../../guest/protocol/frame.ts";
import { encodeOpening, type Opening, type Peer } from "../../guest/protocol/streams/opening.ts";
import type { Ending, Stream, StreamListener } from "../../guest/protocol/streams/stream.ts";

/** A machine, as a connection sees it. */
export interface Backend {
  /** Whether its connections should leave it as soon as they can. */
  readonly isRetired: boolean;
  /** Its connections, and the number of those that wait for an answer. */
  readonly connections: Set<Connection>;
  busy: number;
  /** @param peer the client, for the log. */
  open(opening: Buffer, peer: Peer | undefined): Stream;
}

/** What a connection needs of those who hold the machines. */
export interface Backends {
  /** The machine for the next request; undefined if the connection must wait for `attach`. */
  pick(connection: Connection): Backend | undefined;
  /** The connection is over, and waits no longer. */
  forget(connection: Connection): void;
}

/** How the program in the machines treats connections. */
export interface ConnectionPolicy {
  /**
   * Whether the program reports checkpoints and answers the same request twice with the same effect: another
   * machine may then go on with a connection.
   */
  readonly isResumable: boolean;
}

/** Bytes of requests without an answer that are kept, to send them to another machine. */
const MAX_KEPT = 64 * 1024;

/** Kept pieces shorter than this are joined with the next. */
const SHORT = 1024;

/** Milliseconds for a client to take the rest of what it gets, once the machine has closed the connection. */
const LINGER_MS = 30_000;

/** Milliseconds that a connection without a request may stay without a machine. */
const IDLE_MS = 60_000;

/**
 * The connection of one client, which goes to a machine as a stream. If the machine dies, another one gets
 * the requests that have no answer yet. If it is retired, the connection changes to another between two
 * requests.
 */
export class Connection implements StreamListener {
  readonly #client: Socket;
  readonly #backends: Backends;
  readonly #opening: Buffer;
  readonly #peer: Peer | undefined;
  readonly #isResumable: boolean;
  #backend: Backend | undefined;
  #stream: Stream | undefined;
  /** Bytes of the stream up to the last checkpoint, and number of those after it. */
  #settled = 0;
  #unsettled = 0;
  /** What the client has sent since the last checkpoint; undefined if it was too much. */
  #kept: Buffer[] | undefined = [];
  /** Whether the machine has sent anything since the last checkpoint. */
  #isAnswered = false;
  #isBusy = false;
  #hasClientEnded = false;
  #lastActive = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Socket, opening: Opening, backends: Backends, { isResumable }: ConnectionPolicy) {
    this.#client = client;
    this.#backends = backends;
    this.#opening = encodeOpening(opening);
    this.#peer = opening.peer;
    this.#isResumable = isResumable;
    client.setNoDelay(true);
    client.on("data", (bytes: Buffer) => this.#fromClient(bytes));
    client.on("end", () => this.#onClientEnd());
    client.on("error", () => {});
    client.once("close", () => this.#onClientClose());
    // A program may speak first. A server of HTTP has nothing to say before a request.
    if (isResumable) this.#idle();
    else this.#continue();
    client.resume();
  }

  /** Whether it waits for a request. */
  get isIdle(): boolean {
    return this.#isResumable && this.#unsettled === 0 && !this.#isAnswered;
  }

  /** When the client last sent something or took something of an answer, as of `performance.now`. */
  get lastActive(): number {
    return this.#lastActive;
  }

  /** Whether the client has not taken all that it gets. */
  get hasUnsent(): boolean {
    return this.#client.writableLength > 0;
  }

  /** Gives the connection to a machine. */
  attach(backend: Backend): void {
    if (this.#client.destroyed || this.#stream !== undefined) return;
    clearTimeout(this.#timer);
    this.#backend = backend;
    backend.connections.add(this);
    this.#stream = backend.open(this.#opening, this.#peer);
    this.#stream.listener = this;
    this.#settled = 0;
    this.#isAnswered = false;
    let fits = true;
    for (const bytes of this.#kept ?? []) fits = this.#stream.write(bytes);
    this.#setBusy(this.#unsettled > 0 || !this.#isResumable);
    if (this.#hasClientEnded) this.#stream.end();
    if (fits) this.#client.resume();
  }

  /** Takes the connection from a retired machine, if it waits for nothing there. */
  leave(): void {
    if (this.#stream === undefined || !this.#isAtCheckpoint || !this.#isResumable) return;
    this.#stream.close();
    this.#detach();
    if (this.#hasClientEnded) this.#client.end();
    else this.#idle();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#client.resetAndDestroy();
  }

  onData(bytes: Buffer): void {
    this.#isAnswered = true;
    const stream = this.#stream!;
    const { length } = bytes;
    this.#client.write(Buffer.from(bytes), () => {
      this.#lastActive = performance.now();
      stream.consumed(length);
    });
  }

  onEnd(): void {
    this.#isAnswered = true;
    this.#client.end();
  }

  onDrain(): void {
    this.#client.resume();
  }

  onCheckpoint(bytes: number): void {
    const settled = bytes - this.#settled;
    if (!(Number.isInteger(bytes) && settled >= 0 && settled <= this.#unsettled)) {
      throw malformed("a checkpoint is beyond the end of its stream");
    }
    this.#settled = bytes;
    this.#unsettled -= settled;
    this.#isAnswered = false;
    if (this.#unsettled === 0) this.#kept = [];
    else dropFirst(this.#kept ?? [], settled);
    this.#setBusy(this.#unsettled > 0);
    if (this.#backend!.isRetired) this.leave();
  }

  onClose(ending: Ending): void {
    const mayContinue = ending === "lost" && this.#canContinue;
    const isEnded = this.#stream!.isEndReceived;
    this.#detach();
    if (mayContinue) this.#continue();
    else if (ending === "closed" || (ending === "lost" && isEnded)) this.#closeClient();
    else this.#client.resetAndDestroy();
  }

  /** Whether another machine could go on: nothing of an answer has come, and all of the request is kept. */
  get #canContinue(): boolean {
    if (this.#isAnswered || this.#kept === undefined) return false;
    return this.#isResumable || this.#unsettled === 0;
  }

  get #isAtCheckpoint(): boolean {
    return this.#kept !== undefined && this.#unsettled === 0 && !this.#isAnswered;
  }

  #fromClient(bytes: Buffer): void {
    this.#lastActive = performance.now();
    this.#unsettled += bytes.length;
    if (this.#unsettled > MAX_KEPT) this.#kept = undefined;
    else if (this.#kept !== undefined) keep(this.#kept, bytes);
    if (this.#stream === undefined) {
      this.#continue();
      return;
    }
    this.#setBusy(true);
    if (!this.#stream.write(bytes)) this.#client.pause();
  }

  #onClientEnd(): void {
    this.#hasClientEnded = true;
    if (this.#stream !== undefined) this.#stream.end();
    else if (this.isIdle) this.#client.end();
  }

  #onClientClose(): void {
    clearTimeout(this.#timer);
    const stream = this.#stream;
    this.#detach();
    stream?.reset();
    this.#backends.forget(this);
  }

  /** Goes on with a machine, at once or when there is one. */
  #continue(): void {
    clearTimeout(this.#timer);
    const backend = this.#backends.pick(this);
    if (backend === undefined) this.#client.pause();
    else this.attach(backend);
  }

  #detach(): void {
    this.#setBusy(false);
    this.#backend?.connections.delete(this);
    this.#stream = undefined;
    this.#backend = undefined;
  }

  #setBusy(isBusy: boolean): void {
    if (isBusy === this.#isBusy || this.#backend === undefined) return;
    this.#isBusy = isBusy;
    this.#backend.busy += isBusy ? 1 : -1;
  }

  #idle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#closeClient(), IDLE_MS);
  }

  /** Closes the connection once the client has taken what it gets. */
  #closeClient(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#client.destroy(), LINGER_MS);
    this.#client.destroySoon();
  }
}

/** Adds bytes. Short pieces become one, since each takes memory beyond its bytes. */
function keep(pieces: Buffer[], bytes: Buffer): void {
  const last = pieces.at(-1);
  if (last !== undefined && last.length < SHORT) pieces[pieces.length - 1] = Buffer.concat([last, bytes]);
  else pieces.push(bytes);
}

/** Removes bytes from the front. */
function dropFirst(pieces: Buffer[], bytes: number): void {
  for (let left = bytes; left > 0 && pieces.length > 0; ) {
    const first = pieces[0]!;
    if (first.length > left) pieces[0] = first.subarray(left);
    else pieces.shift();
    left -= Math.min(left, first.length);
  }
}

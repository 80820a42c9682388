import { Duplex } from "node:stream";
import type { Peer } from "../../protocol/streams/opening.ts";
import type { Ending, Stream, StreamListener } from "../../protocol/streams/stream.ts";
import { type Idle, ticks, unwatch, watch } from "./idle-timers.ts";

/** The last four bytes of a request without content: two ends of lines. */
const END_OF_HEAD = 0x0d0a0d0a;

/** A connection of a client of this machine's host, with the interface of `net.Socket` that a server uses. */
export class StreamSocket extends Duplex implements StreamListener, Idle {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localPort: number;
  readonly connecting = false;
  readonly pending = false;
  bytesRead = 0;
  idleLimit = 0;
  lastTick = ticks();
  readonly #stream: Stream;
  #sent = 0;
  /** Bytes that have arrived since the consumer asked for more. */
  #unread = 0;
  #writeDone: (() => void) | undefined;
  /** The last four bytes that have arrived. */
  #tail = 0;

  constructor(stream: Stream, port: number, peer: Peer | undefined) {
    super({ allowHalfOpen: true, autoDestroy: true, emitClose: true });
    this.#stream = stream;
    this.localPort = port;
    this.remoteAddress = peer?.address;
    this.remotePort = peer?.port;
    this.remoteFamily = peer && (peer.address.includes(":") ? "IPv6" : "IPv4");
    stream.listener = this;
  }

  /** The id of its stream. */
  get streamId(): number {
    return this.#stream.id;
  }

  /** Bytes that were written, those that wait included. */
  get bytesWritten(): number {
    return this.#sent + this.writableLength;
  }

  onData(bytes: Buffer): void {
    this.lastTick = ticks();
    this.bytesRead += bytes.length;
    this.#unread += bytes.length;
    for (const byte of bytes.subarray(-4)) this.#tail = ((this.#tail << 8) | byte) >>> 0;
    // A copy: the view is valid during the call only.
    if (this.push(Buffer.from(bytes))) this.#consume();
  }

  onEnd(): void {
    this.push(null);
  }

  onDrain(): void {
    const done = this.#writeDone;
    this.#writeDone = undefined;
    if (done !== undefined) process.nextTick(done);
  }

  onClose(ending: Ending): void {
    // Both sides have sent all; what has arrived may still wait to be read.
    if (ending === "closed" && this.#stream.isEndReceived && this.writableFinished) return;
    this.destroy(ending === "closed" ? undefined : connectionReset());
  }

  /**
   * Marks that all requests that were read have their answers in what was written, so that another machine
   * could go on with the connection. It does so only if no part of a further request can have been read.
   */
  checkpoint(): void {
    if (this.#tail === END_OF_HEAD && this.writableLength === 0) this.#stream.checkpoint(this.bytesRead);
  }

  /** Ends the connection at once. */
  resetAndDestroy(): this {
    this.#stream.reset();
    return this.destroy();
  }

  /** Ends the connection after what was written. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /**
   * As of `net.Socket`: emits `timeout` after so many milliseconds without a read or a write, or up to a second
   * later; 0 for never.
   */
  setTimeout(milliseconds: number, listener?: () => void): this {
    if (milliseconds > 0 && this.idleLimit === 0 && !this.destroyed) watch(this);
    else if (milliseconds === 0) unwatch(this);
    this.idleLimit = milliseconds;
    this.lastTick = ticks();
    if (milliseconds > 0 && listener !== undefined) this.once("timeout", listener);
    return this;
  }

  onIdle(): void {
    this.lastTick = ticks();
    this.emit("timeout");
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  address(): object {
    return { port: this.localPort };
  }

  override _read(): void {
    this.#consume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.lastTick = ticks();
    this.#sent += chunk.length;
    if (this.#stream.write(chunk)) done();
    else this.#writeDone = done;
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    let fits = true;
    this.lastTick = ticks();
    for (const { chunk } of chunks) {
      this.#sent += chunk.length;
      fits = this.#stream.write(chunk);
    }
    if (fits) done();
    else this.#writeDone = done;
  }

  override _final(done: () => void): void {
    this.#stream.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    unwatch(this);
    this.#stream.close();
    done(error);
  }

  #consume(): void {
    const bytes = this.#unread;
    if (bytes === 0) return;
    this.#unread = 0;
    this.#stream.consumed(bytes);
  }
}

function connectionReset(): Error {
  return new Error("the client has reset the connection");
}

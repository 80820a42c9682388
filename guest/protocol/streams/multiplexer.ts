import { malformed } from "../frame.ts";
import {
  MAX_CONTROL,
  STREAM_HEADER,
  StreamFrameDecoder,
  type StreamFrames,
  StreamFrameType,
  writeStreamHeader,
} from "./frame.ts";
import { Stream, type StreamOwner } from "./stream.ts";

/** Sends bytes to the other side. */
export interface Transport {
  /** @param done called when the next bytes may be sent; never if the other side is gone. */
  write(bytes: Buffer, done: () => void): void;
}

/** Receives what belongs to no stream that is open. */
export interface MultiplexerListener {
  /** The other side opens a stream. Default: it must not. */
  onOpen?(stream: Stream, opening: Buffer): void;
  /** A frame that is not of the stream's own protocol. @throws {DocteurError} `MALFORMED_FRAME`. */
  onControl(type: number, payload: Buffer, stream: number): void;
}

/** Bytes that are sent at once. Linux writes at most so many to a virtio-serial port in one call. */
const BATCH = 32 * 1024;

/** Bytes of frames outside of streams that may wait. */
const MAX_WAITING = 1024 * 1024;

const OF_STREAMS: ReadonlySet<number> = new Set([
  StreamFrameType.WINDOW,
  StreamFrameType.END,
  StreamFrameType.CLOSE,
  StreamFrameType.RESET,
  StreamFrameType.CHECKPOINT,
]);

/**
 * Many streams over one connection between host and guest. The streams take turns: each sends one frame of
 * DATA, then the next has its turn. The windows bound what is on its way, so that a stream whose reader is
 * slow neither holds up the others nor takes more memory than its window.
 */
export class Multiplexer implements StreamFrames, StreamOwner {
  readonly #transport: Transport;
  readonly #listener: MultiplexerListener;
  readonly #decoder = new StreamFrameDecoder(this);
  readonly #streams = new Map<number, Stream>();
  /** Streams that have something to send, in the order of their turns. */
  readonly #ready = new Set<Stream>();
  /** Only one batch is on its way at a time. */
  readonly #batch = Buffer.allocUnsafeSlow(BATCH);
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** The highest id of a stream so far. */
  #last = 0;
  #isFlushing = false;
  #isLost = false;
  readonly #flushed = () => {
    this.#isFlushing = false;
    if (this.#hasMore()) this.#scheduleFlush();
  };

  constructor(transport: Transport, listener: MultiplexerListener) {
    this.#transport = transport;
    this.#listener = listener;
  }

  /** Number of open streams. */
  get size(): number {
    return this.#streams.size;
  }

  /** Whether a stream is not over. */
  isOpen(id: number): boolean {
    return this.#streams.has(id);
  }

  /** Opens a stream. @param opening the payload of its OPEN frame. */
  open(opening: Buffer): Stream {
    this.#last++;
    const stream = new Stream(this, this.#last, opening);
    this.#streams.set(stream.id, stream);
    this.schedule(stream);
    return stream;
  }

  /**
   * Sends a frame outside of streams.
   * @returns false if it is dropped, because too many wait.
   */
  send(type: number, payload: Buffer, stream = 0): boolean {
    if (this.#waitingBytes > MAX_WAITING || payload.length > MAX_CONTROL || this.#isLost) return false;
    const frame = Buffer.allocUnsafe(STREAM_HEADER + payload.length);
    payload.copy(frame, writeStreamHeader(frame, 0, stream, type, payload.length));
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    this.#scheduleFlush();
    return true;
  }

  /** Resolves once all that waits is sent, or the other side is gone. */
  async flushed(): Promise<void> {
    while (this.#isFlushing && !this.#isLost) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Takes the next bytes from the other side. @throws {DocteurError} `MALFORMED_FRAME`. */
  receive(bytes: Buffer): void {
    if (!this.#isLost) this.#decoder.push(bytes);
  }

  /** The other side is gone: ends all streams. */
  lose(): void {
    this.#isLost = true;
    this.#ready.clear();
    this.#waiting.length = 0;
    for (const stream of [...this.#streams.values()]) stream.finish("lost");
  }

  /** @internal */
  schedule(stream: Stream): void {
    if (this.#isLost || this.#ready.has(stream)) return;
    this.#ready.add(stream);
    this.#scheduleFlush();
  }

  /** @internal */
  remove(stream: Stream): void {
    this.#streams.delete(stream.id);
  }

  /** @internal */
  begin(id: number, length: number): void {
    this.#known(id)?.receiveBegin(length);
  }

  /** @internal */
  data(id: number, bytes: Buffer): void {
    this.#streams.get(id)?.receiveData(bytes);
  }

  /** @internal */
  control(id: number, type: number, payload: Buffer): void {
    if (OF_STREAMS.has(type)) this.#known(id)?.receiveControl(type, payload);
    else if (type === StreamFrameType.OPEN) this.#receiveOpen(id, payload);
    else this.#listener.onControl(type, payload, id);
  }

  /** The stream; undefined if it is over: the other side has sent this before it knew. */
  #known(id: number): Stream | undefined {
    if (id === 0 || id > this.#last) throw malformed(`there is no stream ${id}`);
    return this.#streams.get(id);
  }

  #receiveOpen(id: number, opening: Buffer): void {
    if (this.#listener.onOpen === undefined || id <= this.#last) throw malformed(`stream ${id} is not new`);
    this.#last = id;
    const stream = new Stream(this, id);
    this.#streams.set(id, stream);
    this.#listener.onOpen(stream, opening);
  }

  #hasMore(): boolean {
    return this.#ready.size > 0 || this.#waiting.length > 0;
  }

  /** Sends after all events that are due: many streams share one write. */
  #scheduleFlush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const end = this.#fillStreams(this.#fillWaiting(0));
    if (end === 0 || this.#isLost) this.#isFlushing = false;
    else this.#transport.write(this.#batch.subarray(0, end), this.#flushed);
  }

  #fillWaiting(at: number): number {
    const batch = this.#batch;
    while (this.#waiting.length > 0 && this.#waiting[0]!.length <= batch.length - at) {
      const frame = this.#waiting.shift()!;
      this.#waitingBytes -= frame.length;
      at += frame.copy(batch, at);
    }
    return at;
  }

  #fillStreams(at: number): number {
    const batch = this.#batch;
    for (const stream of this.#ready) {
      const end = stream.isReady ? stream.fill(batch, at) : at;
      // The batch is full. The stream keeps its turn: streams open in the order of their ids.
      if (end === at && stream.isReady) break;
      at = end;
      this.#ready.delete(stream);
      if (stream.isReady) this.#ready.add(stream);
    }
    return at;
  }
}

import { malformed } from "../frame.ts";
import { FRAME_COST, MAX_DATA, STREAM_HEADER, StreamFrameType, WINDOW, writeStreamHeader } from "./frame.ts";

/** How a stream ended. `lost`: the other side is gone. */
export type Ending = "closed" | "reset" | "lost";

/** Receives what the other side does with a stream. */
export interface StreamListener {
  /** Bytes arrive: a view that is valid during the call. `Stream.consumed` must follow at some time. */
  onData(bytes: Buffer): void;
  /** The other side sends no more. */
  onEnd(): void;
  /** All that was written is sent. */
  onDrain(): void;
  /**
   * The stream is over. After `closed`, all that has arrived counts; after `reset`, it may be dropped. Not
   * called for a stream that this side closes.
   */
  onClose(ending: Ending): void;
  /** All requests in the first bytes of the stream, so many, have their answers (`CHECKPOINT`). */
  onCheckpoint?(bytes: number): void;
}

/** What a stream needs of its multiplexer. */
export interface StreamOwner {
  /** The stream has something to send. */
  schedule(stream: Stream): void;
  /** The stream is over. */
  remove(stream: Stream): void;
}

const NOBODY: StreamListener = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/** Pieces shorter than this are joined, to at most so many bytes and one piece. */
const TINY = 64;
const MAX_JOINED = 1024;

/** A window is opened again when half of it is used. */
const HALF = WINDOW / 2;

/** The longest of the frames that are not DATA, but for OPEN. */
const LONGEST_CONTROL = STREAM_HEADER + 8;

/**
 * One stream of bytes in both directions between host and guest, with a window in each. What waits to be sent
 * is the bytes that were written and at most one frame of each other type.
 */
export class Stream {
  readonly id: number;
  listener: StreamListener = NOBODY;
  readonly #owner: StreamOwner;
  /** The payload of the OPEN that is to be sent. */
  #opening: Buffer | undefined;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  /** Bytes that may be sent, the cost of frames included. */
  #credit = WINDOW;
  /** The same of the other side. */
  #allowed = WINDOW;
  /** Bytes that have arrived and are not consumed, and the cost of their frames. */
  #unconsumed = 0;
  #cost = 0;
  /** Bytes that the other side is to be allowed again. */
  #toAllow = 0;
  #checkpoint: number | undefined;
  #hasEnded = false;
  #endSent = false;
  #endReceived = false;
  #isOpen = true;
  /** Whether the last `write` has accepted its bytes: they are delivered, even if frames cost more than expected. */
  #isAccepted = true;
  /** The type of the last frame, if this side closes the stream. */
  #final: number | undefined;

  /** @param opening the payload of the OPEN frame, for a stream that this side opens. */
  constructor(owner: StreamOwner, id: number, opening?: Buffer) {
    this.#owner = owner;
    this.id = id;
    this.#opening = opening;
  }

  /** Whether the stream is not over. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether the other side sends no more. */
  get isEndReceived(): boolean {
    return this.#endReceived;
  }

  /**
   * Sends bytes, which must not change afterwards.
   * @returns false if they exceed the window: `onDrain` follows, and the caller should write no more before.
   */
  write(bytes: Buffer): boolean {
    if (!this.#isOpen || this.#hasEnded || bytes.length === 0) return true;
    this.#enqueue(bytes);
    this.#queued += bytes.length;
    this.#checkpoint = undefined;
    this.#owner.schedule(this);
    this.#isAccepted = this.#fits;
    return this.#isAccepted;
  }

  /** Sends no more after what was written. */
  end(): void {
    if (!this.#isOpen || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#owner.schedule(this);
  }

  /** Ends both directions. What was written is delivered, unless it exceeds the window. */
  close(): void {
    this.#finish(StreamFrameType.CLOSE, this.#isAccepted || this.#fits);
  }

  /** Ends both directions, and drops what is under way. */
  reset(): void {
    this.#finish(StreamFrameType.RESET, false);
  }

  /** Says that all requests in the first bytes of the stream have their answers in what was written. */
  checkpoint(bytes: number): void {
    if (!this.#isOpen || this.#hasEnded) return;
    this.#checkpoint = bytes;
    this.#owner.schedule(this);
  }

  /** Allows the other side to send more. @param bytes those of `onData` that are now consumed. */
  consumed(bytes: number): void {
    if (!this.#isOpen || this.#endReceived) return;
    // Of the cost of the frames, the share of these bytes.
    const cost = bytes >= this.#unconsumed ? this.#cost : Math.floor((this.#cost * bytes) / this.#unconsumed);
    this.#unconsumed -= bytes;
    this.#cost -= cost;
    this.#toAllow += bytes + cost;
    if (this.#toAllow >= HALF) this.#owner.schedule(this);
  }

  /** Whether there is a frame to send. @internal */
  get isReady(): boolean {
    if (this.#opening !== undefined || this.#toAllow >= HALF) return true;
    if (this.#queued > 0) return this.#credit > FRAME_COST;
    if (!this.#isOpen) return this.#final !== undefined;
    return this.#checkpoint !== undefined || (this.#hasEnded && !this.#endSent);
  }

  /**
   * Writes frames to a buffer, as far as they fit, but DATA once at most.
   * @returns the offset after them. @internal
   */
  fill(into: Buffer, at: number): number {
    const { id } = this;
    if (this.#opening !== undefined) {
      const opening = this.#opening;
      if (into.length - at < STREAM_HEADER + opening.length) return at;
      at = writeStreamHeader(into, at, id, StreamFrameType.OPEN, opening.length);
      at += opening.copy(into, at);
      this.#opening = undefined;
    }
    if (this.#toAllow >= HALF && into.length - at >= LONGEST_CONTROL) {
      at = writeStreamHeader(into, at, id, StreamFrameType.WINDOW, 4);
      at = into.writeUInt32LE(this.#toAllow, at);
      this.#allowed += this.#toAllow;
      this.#toAllow = 0;
    }
    if (this.#queued > 0) at = this.#fillData(into, at);
    if (this.#queued > 0 || into.length - at < 2 * LONGEST_CONTROL) return at;
    if (this.#final !== undefined) {
      at = writeStreamHeader(into, at, id, this.#final, 0);
      this.#final = undefined;
      this.#owner.remove(this);
      return at;
    }
    if (this.#checkpoint !== undefined) {
      at = writeStreamHeader(into, at, id, StreamFrameType.CHECKPOINT, 8);
      at = into.writeDoubleLE(this.#checkpoint, at);
      this.#checkpoint = undefined;
    }
    if (this.#hasEnded && !this.#endSent) {
      at = writeStreamHeader(into, at, id, StreamFrameType.END, 0);
      this.#endSent = true;
      this.#closeIfDone();
    }
    return at;
  }

  /** Joins what is tiny: a piece of one byte would take a hundred. */
  #enqueue(bytes: Buffer): void {
    const last = this.#queue.at(-1);
    const joins = bytes.length < TINY && last !== undefined && last.length < MAX_JOINED;
    if (joins) this.#queue[this.#queue.length - 1] = Buffer.concat([last, bytes]);
    else this.#queue.push(bytes);
  }

  #fillData(into: Buffer, at: number): number {
    const start = at + STREAM_HEADER;
    const limit = Math.min(into.length, start + MAX_DATA, start + this.#credit - FRAME_COST);
    if (limit <= start) return at;
    let end = start;
    while (this.#queued > 0 && end < limit) {
      const first = this.#queue[0]!;
      const taken = first.copy(into, end, 0, limit - end);
      end += taken;
      this.#queued -= taken;
      if (taken === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(taken);
    }
    this.#credit -= end - start + FRAME_COST;
    writeStreamHeader(into, at, this.id, StreamFrameType.DATA, end - start);
    if (this.#queued === 0 && this.#isOpen) this.listener.onDrain();
    return end;
  }

  /** Takes the header of a frame of DATA. @internal */
  receiveBegin(length: number): void {
    if (this.#endReceived) throw malformed("a stream has data after its end");
    this.#allowed -= length + FRAME_COST;
    if (this.#allowed < 0) throw malformed("a stream has sent more than its window");
    this.#unconsumed += length;
    this.#cost += FRAME_COST;
  }

  /** @internal */
  receiveData(bytes: Buffer): void {
    if (this.#isOpen) this.listener.onData(bytes);
  }

  /** @internal */
  receiveControl(type: number, payload: Buffer): void {
    // It only waits to deliver its last bytes.
    if (!this.#isOpen && (type === StreamFrameType.END || type === StreamFrameType.CHECKPOINT)) return;
    switch (type) {
      case StreamFrameType.WINDOW:
        this.#receiveWindow(payload);
        break;
      case StreamFrameType.END:
        if (this.#endReceived) throw malformed("a stream has ended twice");
        this.#endReceived = true;
        this.listener.onEnd();
        this.#closeIfDone();
        break;
      case StreamFrameType.CLOSE:
        this.finish("closed");
        break;
      case StreamFrameType.RESET:
        this.finish("reset");
        break;
      case StreamFrameType.CHECKPOINT:
        if (payload.length !== 8) throw malformed("the checkpoint of a stream is no number");
        this.listener.onCheckpoint?.(payload.readDoubleLE(0));
        break;
      default:
        throw malformed(`a stream has no frames of type ${type}`);
    }
  }

  #receiveWindow(payload: Buffer): void {
    if (payload.length !== 4) throw malformed("the window of a stream is no number");
    this.#credit += payload.readUInt32LE(0);
    if (this.#credit > WINDOW) throw malformed("the window of a stream is too large");
    if (this.isReady) this.#owner.schedule(this);
  }

  /** Ends the stream without a frame. @internal */
  finish(ending: Ending): void {
    const wasOpen = this.#isOpen;
    this.#opening = undefined;
    this.#final = undefined;
    this.#drop(false);
    if (wasOpen) this.listener.onClose(ending);
  }

  #finish(type: number, delivers: boolean): void {
    if (!this.#isOpen) return;
    // The other side has not heard of a stream whose OPEN is not sent.
    if (this.#opening === undefined || (delivers && this.#queued > 0)) this.#final = type;
    else this.#opening = undefined;
    this.#drop(delivers);
    if (this.#final !== undefined) this.#owner.schedule(this);
  }

  /** Whether what waits can be sent without a further WINDOW. */
  get #fits(): boolean {
    return this.#queued + FRAME_COST * Math.ceil(this.#queued / MAX_DATA) <= this.#credit;
  }

  #drop(keepsQueue: boolean): void {
    this.#isOpen = false;
    this.#toAllow = 0;
    // While bytes wait, the other side may have to allow them first.
    if (keepsQueue && this.#queued > 0) return;
    this.#owner.remove(this);
    this.#queue.length = 0;
    this.#queued = 0;
  }

  #closeIfDone(): void {
    if (this.#endSent && this.#endReceived) this.finish("closed");
  }
}

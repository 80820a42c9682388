import { Duplex, Readable } from "node:stream";
import { setImmediate as nextIteration } from "node:timers/promises";
import { type Frame, FrameDecoder } from "../../guest/protocol/frame.ts";

/** The host's end of a channel to a guest that sends what a test says, and reads only while `isTaking`. */
export class HostileChannel extends Duplex {
  /** The frames that the guest has taken. */
  readonly taken: Frame[] = [];
  readonly #decoder = new FrameDecoder();
  #isTaking = true;
  #waiting: ((error?: Error) => void) | undefined;

  /** The types of the frames that the guest has taken. */
  get types(): number[] {
    return this.taken.map(({ type }) => type);
  }

  set isTaking(value: boolean) {
    this.#isTaking = value;
    if (value) this.#take();
  }

  /** Has the guest send a frame so many times. */
  flood(frame: Buffer, times: number): void {
    const batch = Math.min(times, 10_000);
    const piece = Buffer.concat(Array.from({ length: batch }, () => frame));
    for (let sent = 0; sent < times; sent += batch) this.push(piece);
  }

  override _read(): void {}

  override _write(piece: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#waiting = (error) => {
      if (error === undefined) this.taken.push(...this.#decoder.push(Buffer.from(piece)));
      done(error);
    };
    if (this.#isTaking) this.#take();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#take(new Error("gone"));
    done(error);
  }

  #take(error?: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(error);
  }
}

/** An input without end, which counts the bytes that are read of it. */
export class EndlessInput extends Readable {
  /** Bytes that came out of it. */
  given = 0;

  override _read(size: number): void {
    this.given += size;
    this.push(Buffer.alloc(size));
  }
}

/** Lets the event loop do all pending work. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 100; count++) await nextIteration();
}

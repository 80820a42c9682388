import type { Duplex } from "node:stream";
import { encodeFrame, MAX_PAYLOAD } from "../../guest/protocol/frame.ts";

/** Sends frames to a guest. A caller that waits for each has one of them in memory. */
export class FrameSender {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Fulfilled once the system has taken all of the frame, or the guest is gone. */
  send(type: number, payload?: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#socket.writable) return resolve();
      this.#socket.write(encodeFrame(type, payload), () => resolve());
    });
  }

  /** Sends bytes of any length, in as many frames as it takes, at least one. */
  async sendAll(type: number, bytes: Uint8Array): Promise<void> {
    let at = 0;
    do {
      await this.send(type, bytes.subarray(at, at + MAX_PAYLOAD));
      at += MAX_PAYLOAD;
    } while (at < bytes.length);
  }
}

import type { Duplex } from "node:stream";
import { encodeFrame, MAX_PAYLOAD } from "../../guest/protocol/frame.ts";

/** Sends frames to a guest. A caller that waits for each frame holds one of them in memory. */
export class FrameSender {
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Resolves once the system has taken the frame, or the guest is gone. */
  send(type: number, payload?: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#socket.writable) return resolve();
      this.#socket.write(encodeFrame(type, payload), () => resolve());
    });
  }

  /** Sends bytes of any length in one or more frames. */
  async sendAll(type: number, bytes: Uint8Array): Promise<void> {
    let offset = 0;
    do {
      await this.send(type, bytes.subarray(offset, offset + MAX_PAYLOAD));
      offset += MAX_PAYLOAD;
    } while (offset < bytes.length);
  }
}

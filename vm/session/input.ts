import type { Readable } from "node:stream";
import { FrameType } from "../../guest/protocol/frame.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { FrameSender } from "./frame-sender.ts";

/**
 * Standard input for a guest: one piece for each WANT. One answer is sent at a time, and of the WANTs that
 * arrive meanwhile one counts: the host reads no input that the guest does not take.
 */
export class Input {
  readonly #stream: Readable | undefined;
  readonly #pieces: AsyncIterator<Uint8Array | string> | undefined;
  readonly #sender: FrameSender;
  readonly #failed: (error: DocteurError) => void;
  #wanted = false;
  #answering = false;
  #used = false;

  /**
   * @param stream read only after a WANT. Default: an input that ends at once.
   * @param failed called with an `INPUT_FAILED` error if a read fails; the WANT then has no answer.
   */
  constructor(stream: Readable | undefined, sender: FrameSender, failed: (error: DocteurError) => void) {
    this.#stream = stream;
    this.#pieces = stream?.[Symbol.asyncIterator]();
    this.#sender = sender;
    this.#failed = failed;
  }

  /** Answers a WANT, after the current answer. */
  want(): void {
    this.#wanted = true;
    if (this.#answering) return;
    this.#answering = true;
    this.#used = true;
    void this.#answerAll();
  }

  /** Closes the input. A pending read of a terminal would keep this process alive. */
  end(): void {
    if (this.#used) this.#stream?.destroy();
  }

  async #answerAll(): Promise<void> {
    try {
      while (this.#wanted) {
        this.#wanted = false;
        await this.#answer();
      }
      this.#answering = false;
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      const what = `standard input cannot be read: ${cause.code ?? cause.message}`;
      this.#failed(new DocteurError("INPUT_FAILED", what, { cause }));
    }
  }

  async #answer(): Promise<void> {
    const next = await this.#pieces?.next();
    if (next === undefined || next.done === true) return this.#sender.send(FrameType.STDIN_END);
    const piece = typeof next.value === "string" ? Buffer.from(next.value) : next.value;
    await this.#sender.sendAll(FrameType.STDIN, piece);
  }
}

import type { Duplex } from "node:stream";
import { DocteurError } from "../guest/errors.ts";

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/**
 * QEMU's control protocol (QMP, docs/interop/qmp-spec.rst), over a stream that nobody else has. Whatever is asked for is on its
 * way at once, and answered in the same order.
 */
export class Qmp {
  readonly #stream: Duplex;
  readonly #replies: AsyncIterator<string>;
  /** Fulfilled when the stream is free for the next who waits for something. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#replies = lines(stream);
  }

  /** Waits for the greeting and ends the negotiation. */
  async connect(): Promise<void> {
    const greeted = this.#inTurn(() => this.#next());
    await Promise.all([greeted, this.execute("qmp_capabilities")]);
  }

  /**
   * Has QEMU do something and gives what it answers.
   * @throws {DocteurError} `QEMU_REFUSES`, `QEMU_GONE`.
   */
  execute(command: string, args?: object): Promise<unknown> {
    this.#stream.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return this.#inTurn(() => this.#answer(command));
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #answer(command: string): Promise<unknown> {
    for (;;) {
      const reply = await this.#next();
      if (reply.error !== undefined) {
        throw new DocteurError("QEMU_REFUSES", `QEMU refuses ${command}: ${reply.error.desc}`);
      }
      if ("return" in reply) return reply.return;
    }
  }

  async #next(): Promise<Reply> {
    // A stream that fails has lost QEMU, too.
    const line = await this.#replies.next().catch(() => ({ done: true, value: undefined }) as const);
    if (line.done === true) throw new DocteurError("QEMU_GONE", "QEMU has ended");
    return JSON.parse(line.value);
  }
}

async function* lines(stream: Duplex): AsyncGenerator<string> {
  let text = "";
  for await (const piece of stream.setEncoding("utf8")) {
    const parts = (text + piece).split("\n");
    text = parts.pop()!;
    yield* parts;
  }
}

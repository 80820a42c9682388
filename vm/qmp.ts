import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { DocteurError } from "../guest/errors.ts";

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: unknown;
}

/** QEMU's control protocol (QMP, docs/interop/qmp-spec.rst), over a stream that nobody else has. */
export class Qmp {
  readonly #stream: Duplex;
  readonly #replies: AsyncIterator<string>;
  readonly #events: Reply[] = [];

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#replies = createInterface({ input: stream })[Symbol.asyncIterator]();
  }

  /** Waits for the greeting and ends the negotiation. */
  async connect(): Promise<void> {
    await this.#next();
    await this.execute("qmp_capabilities");
  }

  /**
   * Has QEMU do something and gives what it answers. One at a time.
   * @throws {DocteurError} `QEMU_REFUSES`, `QEMU_GONE`.
   */
  async execute(command: string, args: object = {}): Promise<unknown> {
    this.#stream.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    for (;;) {
      const reply = await this.#next();
      if (reply.error !== undefined) {
        throw new DocteurError("QEMU_REFUSES", `QEMU refuses ${command}: ${reply.error.desc}`);
      }
      if ("return" in reply) return reply.return;
      this.#events.push(reply);
    }
  }

  /** Waits for the next event of a name; those of other names are passed over. */
  async event(name: string): Promise<unknown> {
    for (;;) {
      const reply = this.#events.shift() ?? (await this.#next());
      if (reply.event === name) return reply.data;
    }
  }

  async #next(): Promise<Reply> {
    // A stream that fails has lost QEMU, too.
    const line = await this.#replies.next().catch(() => ({ done: true, value: undefined }) as const);
    if (line.done === true) throw new DocteurError("QEMU_GONE", "QEMU has ended");
    return JSON.parse(line.value);
  }
}

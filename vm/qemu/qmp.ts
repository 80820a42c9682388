import type { Duplex } from "node:stream";
import { type Deferred, deferred } from "../../reader/deferred.ts";
import { DocteurError } from "../../reader/errors.ts";

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
}

/** At most this many answers wait to be taken; older ones are dropped. A start needs fewer. */
const MAX_KEPT = 64;

/** Characters of a line. The longest line lists the published ports, about a hundred characters each. */
const MAX_LINE = 1024 * 1024;

/**
 * QEMU's control protocol (QMP, docs/interop/qmp-spec.rst) over a private stream. Commands are sent at once
 * and answered in order. Everything that QEMU sends is read at once: a guest can cause events, and QEMU keeps
 * those that nobody reads. Events are ignored.
 */
export class Qmp {
  readonly #stream: Duplex;
  readonly #answers = new ReplyQueue();

  constructor(stream: Duplex) {
    this.#stream = stream;
    void this.#read();
  }

  /** Waits for the greeting and ends the negotiation. */
  async connect(): Promise<void> {
    await Promise.all([this.#answers.take(), this.execute("qmp_capabilities")]);
  }

  /**
   * Executes a command and returns its result.
   * @throws {DocteurError} `QEMU_REFUSES`, `QEMU_GONE`.
   */
  async execute(command: string, args?: object): Promise<unknown> {
    const answer = this.#answers.take();
    this.#stream.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    const { error, return: value } = await answer;
    if (error === undefined) return value;
    throw new DocteurError("QEMU_REFUSES", `QEMU refuses ${command}: ${error.desc}`);
  }

  async #read(): Promise<void> {
    try {
      for await (const line of lines(this.#stream)) {
        const reply: Reply = JSON.parse(line);
        if (reply.event === undefined) this.#answers.put(reply);
      }
    } catch {
      // QEMU is as good as gone if its stream fails or has a line that is no JSON.
    }
    this.#answers.end();
  }
}

/** A queue of answers. */
class ReplyQueue {
  readonly #replies: Reply[] = [];
  readonly #takers: Deferred<Reply>[] = [];
  #hasEnded = false;

  put(reply: Reply): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#replies.push(reply);
    else taker.resolve(reply);
    if (this.#replies.length > MAX_KEPT) this.#replies.shift();
  }

  /** @throws {DocteurError} `QEMU_GONE`. */
  async take(): Promise<Reply> {
    const reply = this.#replies.shift();
    if (reply !== undefined) return reply;
    if (this.#hasEnded) throw gone();
    const taker = deferred<Reply>();
    this.#takers.push(taker);
    return taker.promise;
  }

  end(): void {
    this.#hasEnded = true;
    for (const taker of this.#takers.splice(0)) taker.reject(gone());
  }
}

function gone(): DocteurError {
  return new DocteurError("QEMU_GONE", "QEMU has ended");
}

async function* lines(stream: Duplex): AsyncGenerator<string> {
  let text = "";
  for await (const piece of stream.setEncoding("utf8")) {
    const parts = (text + piece).split("\n");
    text = parts.pop()!;
    yield* parts;
    if (text.length > MAX_LINE) throw new Error("a line without an end");
  }
}

import type { RunRequest } from "../../guest/protocol/request.ts";
import type { UserProgram } from "../../guest/protocol/user-program.ts";
import { parsePortMapping } from "../front/address.ts";
import type { Guest } from "../session/guest.ts";
import type { Streams } from "../session/host-channel.ts";
import type { Backend, Backends, Connection } from "./connection.ts";
import { type Entry, entriesOf, portsOf } from "./entries.ts";
import { Front } from "./front.ts";
import { ServingMachine } from "./machine.ts";
import { SERVER } from "./server.ts";

/** Connections at once. */
const MAX_CONNECTIONS = 4096;

/** The ports of one machine, which is not replaced. Clients that come before its program runs wait. */
export class OneMachine implements Backends, AsyncDisposable {
  readonly #entries: readonly Entry[];
  readonly #waiting = new Set<Connection>();
  #front: Front | undefined;
  #machine: ServingMachine | undefined;
  #isRunning = false;

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /**
   * Accepts connections at the ports of this host.
   * @param publish port mappings, as of `-p`. @param note gets a line of text about what goes wrong later.
   * @throws {DocteurError} `PUBLISH_MALFORMED`; those of `Front.open`.
   */
  static async listen(publish: readonly string[], note: (line: string) => void): Promise<OneMachine> {
    const one = new OneMachine(entriesOf(publish.map(parsePortMapping)).entries);
    const options = { isResumable: false, limit: MAX_CONNECTIONS, note };
    one.#front = await Front.open(one.#entries, one, options);
    return one;
  }

  /** Where clients connect, as users write it. */
  get published(): readonly string[] {
    return this.#front!.published;
  }

  /** The machine that gets the connections. */
  attach(guest: Guest): void {
    this.#machine = new ServingMachine(guest);
  }

  /** Runs a program, which gets the connections from now on. See `Guest.run`. */
  async run(
    request: RunRequest,
    streams: Streams,
    signal: AbortSignal | undefined,
    program: UserProgram | undefined,
  ): Promise<number> {
    const machine = this.#machine!;
    const stop = () => machine.stop(signal!.reason);
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    const ports = portsOf(this.#entries, this.published);
    const running = machine.run(
      { ...request, streams: true, ports },
      streams,
      request.program === SERVER,
      program,
    );
    this.#isRunning = true;
    for (const connection of this.#waiting) connection.attach(machine);
    this.#waiting.clear();
    try {
      return await running;
    } finally {
      signal?.removeEventListener("abort", stop);
      await this[Symbol.asyncDispose]();
    }
  }

  pick(connection: Connection): Backend | undefined {
    if (this.#isRunning && !this.#machine!.isLost) return this.#machine;
    this.#waiting.add(connection);
    return undefined;
  }

  forget(connection: Connection): void {
    this.#waiting.delete(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#front?.[Symbol.asyncDispose]();
  }
}

import type { Port } from "../../guest/protocol/published-port.ts";
import type { RunRequest } from "../../guest/protocol/request.ts";
import type { UserProgram } from "../../guest/protocol/user-program.ts";
import { DocteurError } from "../../reader/errors.ts";
import { deferred } from "../deferred.ts";
import type { GuardedProcess } from "../qemu/guarded-process.ts";
import { aborted, type ComeUpOptions, comeUp, giveTimeToEnd, signalName } from "./come-up.ts";
import { failure } from "./guest-error.ts";
import { HostChannel, type Streams } from "./host-channel.ts";

/** How long a program that is asked to end may take to do so. */
const GRACE_MS = 2000;

/** A guest that is up, in a machine or on the host, and runs one program. */
export class Guest implements AsyncDisposable {
  readonly #process: GuardedProcess;
  readonly #channel: HostChannel;
  readonly #what: string;
  readonly #memory: number | undefined;
  /** Where the guest can listen so that it is reached from this host. */
  readonly ports: readonly Port[];
  #afterwards: Promise<void> | undefined;
  /** Fulfilled when the guest was ended from here: its output is waited for no longer. */
  readonly #killed = deferred<undefined>();

  private constructor(
    process: GuardedProcess,
    channel: HostChannel,
    { what, memory }: Pick<ComeUpOptions, "what" | "memory">,
    ports: readonly Port[],
  ) {
    this.ports = ports;
    this.#process = process;
    this.#channel = channel;
    this.#what = what;
    this.#memory = memory;
  }

  /**
   * Waits until the guest in a process that was just started is up. If it does not come up, the process is ended.
   *
   * @param up brings it up and gives the ports at which it is reached; undefined if the channel closed first. By default, a
   * guest that says by itself that it is ready, and has no ports.
   * @throws {DocteurError} those of `comeUp`; and whatever `up` throws.
   */
  static async start(
    process: GuardedProcess,
    options: ComeUpOptions,
    up: (channel: HostChannel) => Promise<readonly Port[] | undefined> = withoutPorts,
  ): Promise<Guest> {
    const channel = new HostChannel(process.channel);
    let ports: readonly Port[] | undefined;
    await comeUp(process, options, async () => {
      ports = await up(channel);
      return ports !== undefined;
    });
    return new Guest(process, channel, options, ports!);
  }

  /** Has the end of the guest wait for something that began with it. */
  outlive(work: Promise<void>): void {
    this.#afterwards = work;
  }

  /**
   * Runs a program to its end, after which the guest is gone. When `signal` is aborted, the program is asked to end, as by
   * the signal that the reason names (default SIGTERM), and is ended two seconds later if it has not; the reason is then
   * thrown, if it is an error.
   *
   * @param program if it is the user's own.
   * @returns the exit status, 0 to 255.
   * @throws {DocteurError} `GUEST_DIED`, `OUT_OF_MEMORY`, `ABORTED`; those of `HostChannel.run`.
   */
  async run(
    request: RunRequest,
    streams: Streams,
    signal?: AbortSignal,
    program?: UserProgram,
  ): Promise<number> {
    let grace: NodeJS.Timeout | undefined;
    const abort = () => {
      void this.#channel.signal(signalName(signal!));
      grace = setTimeout(() => void this.#kill(), GRACE_MS);
    };
    signal?.addEventListener("abort", abort);
    try {
      const running = this.#channel.run(request, streams, program);
      if (signal?.aborted) abort();
      const status = await Promise.race([running, this.#killed.promise]);
      if (status !== undefined) return status;
      if (signal?.aborted) throw aborted(signal);
      await giveTimeToEnd(this.#process);
      throw this.#death();
    } finally {
      clearTimeout(grace);
      signal?.removeEventListener("abort", abort);
      await this[Symbol.asyncDispose]();
    }
  }

  /** Ends the guest at once, whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kill();
    await this.#afterwards;
  }

  async #kill(): Promise<void> {
    await this.#process.kill();
    this.#killed.resolve(undefined);
  }

  #death(): DocteurError {
    // All that is kept: what the runtime and the kernel say after that is long.
    const said = this.#process.console.lines(Number.POSITIVE_INFINITY).join("\n");
    if (/out of memory|deadlocked on memory/i.test(said)) {
      const there =
        this.#memory === undefined
          ? `more memory than ${this.#what} has`
          : `more than the machine's ${this.#memory} MiB; -m gives it more`;
      return new DocteurError("OUT_OF_MEMORY", `out of memory: the program needs ${there}`);
    }
    return failure("GUEST_DIED", `${this.#what} stopped before the program had ended`, this.#process);
  }
}

async function withoutPorts(channel: HostChannel): Promise<readonly Port[] | undefined> {
  return (await channel.ready()) ? [] : undefined;
}

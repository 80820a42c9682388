import { DocteurError } from "../guest/errors.ts";
import type { RunRequest } from "../guest/runtime/request.ts";
import { Conversation, type Streams } from "./conversation.ts";
import type { GuardedProcess } from "./guarded-process.ts";

/** How long a program that is asked to end may take to do so. */
const GRACE_MS = 2000;

/** Lines of the console that are shown when something went wrong. */
const SHOWN_LINES = 20;

/** A guest that is up, in a machine or on the host, and runs one program. */
export class Guest implements AsyncDisposable {
  readonly #process: GuardedProcess;
  readonly #conversation: Conversation;
  readonly #what: string;

  private constructor(process: GuardedProcess, conversation: Conversation, what: string) {
    this.#process = process;
    this.#conversation = conversation;
    this.#what = what;
  }

  /**
   * Waits until the guest in a process that was just started is up. If it does not come up, the process is ended.
   *
   * @param options.what the process in messages, `the machine` say.
   * @param options.seconds the limit.
   * @throws {DocteurError} `BOOT_FAILED`, `BOOT_TIMEOUT`, `ABORTED`.
   */
  static async start(
    process: GuardedProcess,
    options: { what: string; seconds: number; signal?: AbortSignal | undefined },
  ): Promise<Guest> {
    const conversation = new Conversation(process.channel);
    const { what, seconds, signal } = options;
    let outcome: "up" | "ended" | "late" | "aborted";
    const late = Promise.withResolvers<"late" | "aborted">();
    const limit = setTimeout(() => late.resolve("late"), seconds * 1000);
    const abort = () => late.resolve("aborted");
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    try {
      const ready = conversation.ready().then((isUp) => (isUp ? ("up" as const) : ("ended" as const)));
      outcome = await Promise.race([ready, late.promise]);
    } finally {
      clearTimeout(limit);
      signal?.removeEventListener("abort", abort);
    }
    if (outcome === "up") return new Guest(process, conversation, what);
    if (outcome === "ended") await giveTimeToEnd(process);
    await process.kill();
    if (outcome === "aborted") throw aborted(signal!);
    if (outcome === "late") {
      throw failure("BOOT_TIMEOUT", `${what} was not up after ${seconds} seconds`, process);
    }
    throw failure("BOOT_FAILED", `${what} did not come up (${await process.ended})`, process);
  }

  /**
   * Runs a program to its end, after which the guest is gone. When `signal` is aborted, the program is asked to end, as by
   * the signal that the reason names (default SIGTERM), and is ended two seconds later if it has not; the reason is then
   * thrown, if it is an error.
   *
   * @returns the exit status, 0 to 255.
   * @throws {DocteurError} `GUEST_DIED`, `OUT_OF_MEMORY`, `ABORTED`; those of `Conversation.run`.
   */
  async run(request: RunRequest, streams: Streams, signal?: AbortSignal): Promise<number> {
    let grace: NodeJS.Timeout | undefined;
    const abort = () => {
      this.#conversation.signal(signalName(signal!));
      grace = setTimeout(() => void this.#process.kill(), GRACE_MS);
    };
    signal?.addEventListener("abort", abort);
    try {
      const running = this.#conversation.run(request, streams);
      if (signal?.aborted) abort();
      const status = await running;
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
    await this.#process.kill();
  }

  #death(): DocteurError {
    const said = this.#process.console.lines(SHOWN_LINES).join("\n");
    if (/out of memory|deadlocked on memory/i.test(said)) {
      return new DocteurError("OUT_OF_MEMORY", `the program needs more memory than ${this.#what} has`);
    }
    return failure("GUEST_DIED", `${this.#what} stopped before the program had ended`, this.#process);
  }
}

/** A failure of the machine rather than of the program in it. */
export class GuestError extends DocteurError {
  override name = "GuestError";
  /** What the console said last, a line each. */
  readonly console: readonly string[];

  constructor(code: string, message: string, console: readonly string[]) {
    super(code, message);
    this.console = console;
  }
}

function failure(code: string, what: string, process: GuardedProcess): GuestError {
  const lines = process.console.lines(SHOWN_LINES);
  const last = lines.at(-1);
  return new GuestError(code, `${what}; its console ${last ? `said last: ${last}` : "said nothing"}`, lines);
}

function aborted(signal: AbortSignal): Error {
  if (signal.reason instanceof DocteurError) return signal.reason;
  return new DocteurError("ABORTED", `ended by ${signalName(signal)}`);
}

function signalName(signal: AbortSignal): string {
  return /SIG[A-Z]+/.exec(String(signal.reason))?.[0] ?? "SIGTERM";
}

/** The channel closes a moment before the process is gone and its last words are read. */
async function giveTimeToEnd(process: GuardedProcess): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    limit = setTimeout(resolve, GRACE_MS);
  });
  await Promise.race([process.ended, patience]);
  clearTimeout(limit);
}

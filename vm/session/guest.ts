import type { Duplex } from "node:stream";
import type { RunRequest } from "../../guest/protocol/request.ts";
import type { UserProgram } from "../../guest/protocol/user-program.ts";
import { deferred } from "../../reader/deferred.ts";
import { DocteurError, INVALID_IMAGE } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";
import { aborted, signalName } from "../aborted.ts";
import type { DiskReads } from "../qemu/disk.ts";
import type { GuardedProcess } from "../qemu/guarded-process.ts";
import { NO_DISK } from "../qemu/qemu.ts";
import { writeTo } from "../write-to.ts";
import { guestError } from "./guest-error.ts";
import { HostChannel, type Streams } from "./host-channel.ts";
import { type ReadyOptions, waitForEnd, waitUntilReady } from "./wait-until-ready.ts";

/** A program that is asked to end must end within this time. */
const GRACE_MS = 2000;

/** A guest that is ready to run one program, in a machine or on the host. */
export class Guest implements AsyncDisposable {
  readonly #process: GuardedProcess;
  readonly #channel: HostChannel;
  readonly #what: string;
  readonly #memory: number | undefined;
  readonly #reads: DiskReads | undefined;
  /** What messages call the image, if it lies elsewhere. */
  readonly #source: string | undefined;
  #work: Promise<void> | undefined;
  readonly #resources: AsyncDisposable[] = [];
  /** Resolves when this process has killed the guest: `run` then waits for output no longer. */
  readonly #killed = deferred<undefined>();

  private constructor(
    process: GuardedProcess,
    channel: HostChannel,
    { what, memory, reads, disks = [] }: Pick<ReadyOptions, "what" | "memory" | "reads" | "disks">,
  ) {
    this.#source = disks.filter((disk) => disk !== NO_DISK).find(({ isElsewhere }) => isElsewhere)?.name;
    this.#process = process;
    this.#channel = channel;
    this.#what = what;
    this.#memory = memory;
    this.#reads = reads;
  }

  /**
   * Waits until the guest in a process that was just started is ready. If it fails to get ready, the process
   * is ended.
   *
   * @param prepare gets the guest ready; resolves to false if the channel closed first. Default: waits for the
   * guest to say that it is ready.
   * @throws {DocteurError} those of `waitUntilReady`; any error that `prepare` throws.
   */
  static async start(
    process: GuardedProcess,
    options: ReadyOptions,
    prepare: (channel: HostChannel) => Promise<boolean> = (channel) => channel.ready(),
  ): Promise<Guest> {
    const channel = new HostChannel(process.channel);
    await waitUntilReady(process, options, () => prepare(channel));
    return new Guest(process, channel, options);
  }

  /** This process's end of the streams that carry connections. */
  get streams(): Duplex {
    return this.#process.streams;
  }

  /** Work that this guest's end waits for, `alsoWaitFor`. */
  get otherWork(): Promise<void> | undefined {
    return this.#work;
  }

  /** Adds work that `run` and the disposal of the guest wait for. */
  alsoWaitFor(work: Promise<void>): void {
    this.#work = work;
  }

  /** Gives the guest a resource that is freed once it has ended. */
  own(resource: AsyncDisposable): void {
    this.#resources.push(resource);
  }

  /** Whether a read of its disk waits for a source that lies elsewhere: it does nothing else meanwhile. */
  get waitsForDisk(): boolean {
    return (this.#reads?.waiting ?? 0) > 0;
  }

  /**
   * Runs a program, and then ends the guest. When `signal` is aborted, the program gets the signal that the
   * reason names (default SIGTERM), and two seconds later, if it still runs, the guest is killed.
   *
   * If its disk lies elsewhere and cannot be read any more, a program that ships with docteur is ended at
   * once. One that answers connections goes on, and one of the user's own may deal with the error.
   *
   * @param program the user's own program, if the request is for one.
   * @returns the exit status, 0 to 255.
   * @throws {DocteurError} `GUEST_DIED`, `OUT_OF_MEMORY`, `ABORTED` or the signal's reason; the error of a disk
   * that lies elsewhere; those of `HostChannel.run`.
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
    const reads = this.#reads;
    const serves = request.streams === true;
    const endsAtFault = program === undefined && !serves;
    if (reads !== undefined) reads.answersFaults = !endsAtFault;
    const fault = new Promise<never>((_, reject) => {
      if (endsAtFault) void reads?.failed.then(reject);
    });
    try {
      const sent = { ...request, ...(this.#source !== undefined && { source: this.#source }) };
      const running = this.#channel.run(sent, this.#watched(streams, request), program);
      // It fails when the guest is killed, and nothing waits for it then.
      running.catch(() => {});
      if (signal?.aborted) abort();
      const status = await Promise.race([running, this.#killed.promise, fault]);
      if (reads?.fault !== undefined && status !== 0 && !serves && !signal?.aborted) throw reads.fault;
      if (status !== undefined) return status;
      if (signal?.aborted) throw aborted(signal);
      await waitForEnd(this.#process);
      throw this.#death();
    } finally {
      clearTimeout(grace);
      signal?.removeEventListener("abort", abort);
      await this[Symbol.asyncDispose]();
    }
  }

  /** Kills the guest. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kill();
    await this.#work;
    for (const resource of this.#resources.splice(0)) await resource[Symbol.asyncDispose]();
  }

  /** Streams that look for what the program says of a damaged image, if that lies elsewhere. */
  #watched(streams: Streams, { commit }: RunRequest): Streams {
    const reads = this.#reads;
    if (reads === undefined) return streams;
    // The program refuses it because it is another image, not a damaged one.
    if (commit !== undefined && commit.toLowerCase() !== reads.commit) return streams;
    let hasDropped = false;
    const onErrors = async (bytes: Uint8Array) => {
      if (hasDropped || reads.fault !== undefined || !saysInvalidImage(bytes)) return;
      hasDropped = true;
      await writeTo(streams.stderr, Buffer.from(`docteur: ${printable(await reads.dropBlocks())}\n`));
    };
    return { ...streams, onErrors };
  }

  async #kill(): Promise<void> {
    await this.#process.kill();
    this.#killed.resolve(undefined);
  }

  #death(): DocteurError {
    // The whole log that is kept: the runtime and the kernel write much after the line that matters.
    const log = this.#process.consoleLog.lines(Number.POSITIVE_INFINITY).join("\n");
    if (/out of memory|deadlocked on memory/i.test(log)) {
      const there =
        this.#memory === undefined
          ? `more memory than ${this.#what} has`
          : `more than the machine's ${this.#memory} MiB; -m gives it more`;
      return new DocteurError("OUT_OF_MEMORY", `out of memory: the program needs ${there}`);
    }
    return guestError("GUEST_DIED", `${this.#what} ended before its program had`, this.#process);
  }
}

/** Whether a piece of a program's errors has the words of an `InvalidImageError`. */
function saysInvalidImage(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(`${INVALID_IMAGE}: `);
}

import { setTimeout as sleep } from "node:timers/promises";
import type { AccessRecord } from "../../guest/protocol/streams/access-record.ts";
import type { Peer } from "../../guest/protocol/streams/opening.ts";
import { deferred } from "../../reader/deferred.ts";
import { DocteurError } from "../../reader/errors.ts";
import { aborted } from "../aborted.ts";
import type { ImageDisk } from "../image/open-disk.ts";
import type { Guest } from "../session/guest.ts";
import { Backoff } from "./backoff.ts";
import type { Backend, Backends, Connection } from "./connection.ts";
import { ServingMachine } from "./machine.ts";

/** Milliseconds for the connections of a retired machine to end, and between two looks at them. */
const DRAIN_MS = 30_000;
const DRAIN_STEP_MS = 50;

/** An image that machines serve. */
export interface Generation {
  /** The image: a path that names the same file as long as it is served, or a disk. */
  readonly image: string | ImageDisk;
  /** Its commit. Unknown of an image that only QEMU reads. */
  readonly commit: string | undefined;
  /** Frees what the path needs, once no machine serves it. */
  release(): Promise<void>;
}

/** How a fleet starts machines and runs a program in each. */
export interface FleetOptions {
  /** Number of machines that serve at once. */
  readonly replicas: number;
  /** Whether a machine that ends is replaced. Otherwise the end of one is the end of the fleet. */
  readonly restarts: boolean;
  /** Starts a machine with an image. */
  start(image: string | ImageDisk, signal: AbortSignal): Promise<Guest>;
  /** Runs the program in it until it ends. @returns its exit status. */
  run(machine: ServingMachine): Promise<number>;
  /** Gets a line of text when a machine is replaced. */
  note(line: string): void;
  /** Called before a machine takes the place of one that has ended. */
  onRestart?(): void;
  /** Called when machines with another image have taken the place of those before. */
  onSwap?(): void;
  /** Gets a report of each answer. @param peer its client; undefined at a Unix socket. */
  onAccess?: ((record: AccessRecord, peer: Peer | undefined) => void) | undefined;
}

/** Machines that run the same program on the same image, and replace each other. */
export class Fleet implements Backends {
  readonly #options: FleetOptions;
  /** The machines that serve or finish their answers. */
  readonly #joined = new Set<ServingMachine>();
  /** All machines, and what resolves at the end of each. */
  readonly #all = new Map<ServingMachine, Promise<void>>();
  /** Machines that are not ready yet. */
  readonly #starting = new Set<Promise<Guest>>();
  readonly #waiting = new Set<Connection>();
  readonly #backoff = new Backoff();
  readonly #ended = deferred<number>();
  readonly #stopped = new AbortController();
  #generation: Generation;
  /** Whether a machine has served: one that ends before is not replaced. */
  #hasServed = false;

  constructor(generation: Generation, options: FleetOptions) {
    this.#generation = generation;
    this.#options = options;
    this.#ended.promise.catch(() => {});
  }

  /** Resolves to the exit status of the program; rejects if it cannot go on. */
  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  /** The image that is served. */
  get generation(): Generation {
    return this.#generation;
  }

  /** The machines that take connections. */
  get serving(): ServingMachine[] {
    return [...this.#joined].filter(({ isRetired, isLost }) => !isRetired && !isLost);
  }

  /** Number of machines that only finish their answers. */
  get retired(): number {
    return [...this.#joined].filter(({ isRetired }) => isRetired).length;
  }

  /**
   * Starts the first machine, and then the others. Resolves once the first one serves.
   * @returns whether it does; if not, its program has ended before, and `ended` has the status.
   */
  async begin(): Promise<boolean> {
    try {
      this.#join(await this.#prepare(this.#generation));
    } catch (error) {
      // The program has ended by itself: `ended` has its status.
      if (error instanceof DocteurError && error.code === "PROGRAM_ENDED") return false;
      throw error;
    }
    this.#hasServed = true;
    for (let count = 1; count < this.#options.replicas; count++) void this.#start(this.#generation);
    return true;
  }

  /**
   * Lets machines with another image take the place of those that serve. Those finish the answers that they
   * have begun. Releases the image if it is not served.
   * @throws {DocteurError} if one of the new machines fails; the fleet then serves what it has served.
   */
  async swap(generation: Generation): Promise<void> {
    const starts = await Promise.allSettled(
      Array.from({ length: this.#options.replicas }, () => this.#prepare(generation)),
    );
    const ready = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    const failed = starts.find((start) => start.status === "rejected");
    if (failed !== undefined || this.#stopped.signal.aborted) {
      await Promise.all(ready.map((machine) => machine.kill()));
      await generation.release();
      throw failed?.reason ?? aborted(this.#stopped.signal);
    }
    const [old, before] = [this.serving, this.#generation];
    this.#generation = generation;
    this.#options.onSwap?.();
    for (const machine of old) machine.isRetired = true;
    for (const machine of ready) {
      // While others were still starting, it may have ended.
      if (!this.#join(machine)) void this.#replace(generation, "a machine has ended");
    }
    void this.#retire(old, before);
  }

  /** Asks all programs to end. @param reason names the signal. */
  stop(reason: unknown): void {
    this.#stopped.abort(reason);
    for (const machine of this.#all.keys()) machine.stop(reason);
    if (this.#all.size === 0) this.#ended.reject(aborted(this.#stopped.signal));
  }

  /** Ends the fleet because of a failure. */
  fail(error: unknown): void {
    this.#ended.reject(error);
    this.stop("SIGTERM");
  }

  /** Ends all machines, and waits for that. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop("SIGTERM");
    for (const connection of this.#waiting) connection.destroy();
    while (this.#all.size + this.#starting.size > 0) {
      await Promise.allSettled([...this.#all.values(), ...this.#starting]);
    }
    await this.#generation.release();
  }

  /** The machine with the fewest connections that wait for an answer, or with the fewest connections. */
  pick(connection: Connection): Backend | undefined {
    let best: ServingMachine | undefined;
    for (const machine of this.serving) {
      if (best === undefined || isLessBusy(machine, best)) best = machine;
    }
    if (best === undefined) this.#waiting.add(connection);
    return best;
  }

  forget(connection: Connection): void {
    this.#waiting.delete(connection);
  }

  /** Starts a machine, and waits until it serves. @throws {DocteurError} */
  async #prepare(generation: Generation): Promise<ServingMachine> {
    const { start, run, onAccess } = this.#options;
    const starting = start(generation.image, this.#stopped.signal);
    this.#starting.add(starting);
    const guest = await starting.finally(() => this.#starting.delete(starting));
    const machine = new ServingMachine(guest, onAccess && { onAccess });
    const running = run(machine);
    this.#all.set(machine, this.#watch(machine, generation, running));
    if (this.#stopped.signal.aborted) machine.stop(this.#stopped.signal.reason);
    await machine.listening.catch(async (error) => {
      const status = await running;
      throw new DocteurError("PROGRAM_ENDED", `the program ended with status ${status}`, { cause: error });
    });
    return machine;
  }

  /** Lets a machine take connections. @returns false if it has ended. */
  #join(machine: ServingMachine): boolean {
    if (!this.#all.has(machine)) return false;
    this.#joined.add(machine);
    for (const connection of [...this.#waiting]) {
      this.#waiting.delete(connection);
      const backend = this.pick(connection);
      if (backend !== undefined) connection.attach(backend);
    }
    return true;
  }

  async #watch(machine: ServingMachine, generation: Generation, running: Promise<number>): Promise<void> {
    const [end] = await Promise.allSettled([running]);
    this.#all.delete(machine);
    const served = this.#joined.delete(machine);
    const mayReplace = this.#options.restarts && this.#hasServed;
    if (this.#stopped.signal.aborted || !mayReplace) this.#settle(end);
    else if (served && !machine.isRetired) void this.#replace(generation, describe(end));
  }

  #settle(end: PromiseSettledResult<number>): void {
    if (end.status === "fulfilled") this.#ended.resolve(end.value);
    else this.#ended.reject(end.reason);
  }

  /** Starts a machine in place of one that has ended, unless too many have. */
  async #replace(generation: Generation, why: string): Promise<void> {
    const { signal } = this.#stopped;
    if (generation !== this.#generation || signal.aborted) return;
    try {
      const delay = this.#backoff.count(performance.now(), why);
      this.#options.note(`${why}; starting another machine`);
      this.#options.onRestart?.();
      await sleep(delay, undefined, { signal });
      await this.#start(generation);
    } catch (error) {
      this.fail(error);
    }
  }

  async #start(generation: Generation): Promise<void> {
    try {
      const machine = await this.#prepare(generation);
      if (generation === this.#generation) this.#join(machine);
      else await machine.kill();
    } catch (error) {
      await this.#replace(generation, (error as Error).message);
    }
  }

  /** Ends machines once their connections have left them. */
  async #retire(machines: readonly ServingMachine[], generation: Generation): Promise<void> {
    for (const machine of machines) {
      for (const connection of [...machine.connections]) connection.leave();
    }
    const start = performance.now();
    const areBusy = () => machines.some((machine) => this.#all.has(machine) && machine.connections.size > 0);
    while (areBusy() && performance.now() - start < DRAIN_MS && !this.#stopped.signal.aborted) {
      await sleep(DRAIN_STEP_MS);
    }
    for (const machine of machines) machine.stop();
    await Promise.all(machines.map((machine) => this.#all.get(machine)));
    await generation.release();
  }
}

function isLessBusy(one: ServingMachine, other: ServingMachine): boolean {
  if (one.busy !== other.busy) return one.busy < other.busy;
  return one.connections.size < other.connections.size;
}

function describe(end: PromiseSettledResult<number>): string {
  if (end.status === "fulfilled") return `the program in a machine ended with status ${end.value}`;
  return (end.reason as Error).message;
}

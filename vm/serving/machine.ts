import { randomBytes } from "node:crypto";
import { malformed } from "../../guest/protocol/frame.ts";
import type { RunRequest } from "../../guest/protocol/request.ts";
import { type AccessRecord, decodeAccess } from "../../guest/protocol/streams/access-record.ts";
import { StreamFrameType } from "../../guest/protocol/streams/frame.ts";
import { Multiplexer } from "../../guest/protocol/streams/multiplexer.ts";
import type { Peer } from "../../guest/protocol/streams/opening.ts";
import type { Stream } from "../../guest/protocol/streams/stream.ts";
import type { UserProgram } from "../../guest/protocol/user-program.ts";
import { deferred } from "../../reader/deferred.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { Guest } from "../session/guest.ts";
import type { Streams } from "../session/host-channel.ts";
import type { Backend, Connection } from "./connection.ts";

/** Milliseconds between two questions whether a machine still answers. */
const PING_MS = 3000;

/** So many questions may go without an answer: a busy host makes a machine slow, but not as slow as this. */
const MAX_UNANSWERED = 5;

/** So many addresses of clients are kept, those of open streams and of the last others. */
const MAX_CLIENTS = 16 * 1024;

/** Receives what a machine reports. */
export interface MachineListener {
  /** The program has answered a request. @param peer its client; undefined at a Unix socket. */
  onAccess?(record: AccessRecord, peer: Peer | undefined): void;
}

/** A machine whose program serves the connections that this host accepts. */
export class ServingMachine implements Backend {
  readonly connections = new Set<Connection>();
  busy = 0;
  isRetired = false;
  /** Whether it takes no streams any more. Its end may be known only later. */
  isLost = false;
  readonly #guest: Guest;
  readonly #multiplexer: Multiplexer;
  readonly #listening = deferred<void>();
  readonly #awaited = new Set<number>();
  readonly #stop = new AbortController();
  /** Where the clients are, by the id of the stream. A report may come after the end of its stream. */
  readonly #clients = new Map<number, Peer | undefined>();
  #unanswered = 0;
  #pinging: NodeJS.Timeout | undefined;
  /** Why this process has killed the machine. */
  #fault: DocteurError | undefined;

  constructor(guest: Guest, listener: MachineListener = {}) {
    this.#guest = guest;
    this.#listening.promise.catch(() => {});
    const socket = guest.streams;
    this.#multiplexer = new Multiplexer(
      { write: (bytes, done) => void socket.write(bytes, (error) => error ?? done()) },
      { onControl: (type, payload, stream) => this.#control(type, payload, stream, listener) },
    );
    socket.on("data", (bytes: Buffer) => {
      try {
        this.#multiplexer.receive(bytes);
      } catch (error) {
        this.#fail(error as DocteurError);
      }
    });
    socket.once("close", () => this.#lose());
  }

  /** Resolves once the program accepts connections at all ports; rejects if the machine ends before. */
  get listening(): Promise<void> {
    return this.#listening.promise;
  }

  open(opening: Buffer, peer: Peer | undefined): Stream {
    const stream = this.#multiplexer.open(opening);
    this.#clients.set(stream.id, peer);
    if (this.#clients.size > MAX_CLIENTS) this.#forgetOldest();
    return stream;
  }

  /**
   * Runs a program until it ends, or `stop` ends it.
   *
   * @param reports whether the program says when it listens, and answers pings while it serves.
   * @returns its exit status. @throws {DocteurError} those of `Guest.run`; `GUEST_HANGS`.
   */
  async run(request: RunRequest, streams: Streams, reports: boolean, program?: UserProgram): Promise<number> {
    if (!reports) this.#listening.resolve();
    else for (const { port } of request.ports ?? []) this.#awaited.add(port);
    try {
      const status = await this.#guest.run(request, streams, this.#stop.signal, program);
      if (this.#fault !== undefined) throw this.#fault;
      return status;
    } catch (error) {
      throw this.#fault ?? error;
    } finally {
      clearInterval(this.#pinging);
      this.#listening.reject(new DocteurError("GUEST_DIED", "the machine ended before it served"));
      this.#lose();
    }
  }

  /** Asks the program to end. @param reason names the signal. */
  stop(reason: unknown = "SIGTERM"): void {
    this.#stop.abort(reason);
  }

  /** Kills the machine. */
  kill(): Promise<void> {
    return this.#guest[Symbol.asyncDispose]();
  }

  #forgetOldest(): void {
    for (const id of this.#clients.keys()) {
      if (this.#multiplexer.isOpen(id)) continue;
      this.#clients.delete(id);
      return;
    }
  }

  #lose(): void {
    this.isLost = true;
    this.#multiplexer.lose();
  }

  #control(type: number, payload: Buffer, stream: number, listener: MachineListener): void {
    if (type === StreamFrameType.ACCESS) {
      const record = decodeAccess(payload);
      listener.onAccess?.(record, this.#clients.get(stream));
    } else if (type === StreamFrameType.PONG) this.#unanswered = 0;
    else if (type === StreamFrameType.LISTENING && payload.length === 2) this.#onListening(payload);
    else throw malformed(`a stream's frame of type ${type} is not expected here`);
  }

  #onListening(payload: Buffer): void {
    if (!this.#awaited.delete(payload.readUInt16LE()) || this.#awaited.size > 0) return;
    this.#listening.resolve();
    this.#pinging = setInterval(() => this.#ping(), PING_MS);
  }

  #ping(): void {
    // Its program cannot answer meanwhile. The read has a deadline of its own.
    if (this.#guest.waitsForDisk) return;
    // Counted, not timed: after this host has slept, a machine has as many attempts as before.
    if (this.#unanswered >= MAX_UNANSWERED) {
      const seconds = (MAX_UNANSWERED * PING_MS) / 1000;
      this.#fail(new DocteurError("GUEST_HANGS", `the machine has not answered for ${seconds} seconds`));
      return;
    }
    this.#unanswered++;
    this.#multiplexer.send(StreamFrameType.PING, randomBytes(8));
  }

  #fail(error: DocteurError): void {
    this.isLost = true;
    this.#fault ??= error;
    void this.kill();
  }
}

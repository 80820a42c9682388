import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Connection } from "./connection.ts";

/** Connections at once, on all ports together. */
export const MAX_CONNECTIONS = 2048;

/** Bytes of memory for pipelined requests, on all connections together. */
const MAX_PIPELINED = 32 * 1024 * 1024;

/**
 * Milliseconds that a client has to take something of a response before the server may abort it for another
 * client.
 */
const PROTECTED_TIME = 1000;

/** Milliseconds between two readings of the clock. */
const TICK = 500;

/**
 * The connections of a server. Their number is bounded. Where there are too many, the slowest client's is
 * closed, so that no client can keep the others out.
 */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  readonly #maxConnections: number;
  readonly #maxPipelined: number;
  readonly #protectedTime: number;
  readonly #clock = { now: performance.now() };
  readonly #ticking: NodeJS.Timeout;
  #pipelinedBytes = 0;

  /**
   * @param limits `maxConnections`, default 2,048; `maxPipelined`, bytes of memory for pipelined requests,
   * default 32 MiB; `protectedTime`, milliseconds that a client has to take something of a response before
   * the server may abort it for another client, default 1,000; `tick`, milliseconds between two readings of
   * the clock, default 500.
   */
  constructor({
    maxConnections = MAX_CONNECTIONS,
    maxPipelined = MAX_PIPELINED,
    protectedTime = PROTECTED_TIME,
    tick = TICK,
  } = {}) {
    this.#maxConnections = maxConnections;
    this.#maxPipelined = maxPipelined;
    this.#protectedTime = protectedTime;
    // An emulated machine needs some microseconds to read its clock, too many for each request.
    this.#ticking = setInterval(() => {
      this.#clock.now = performance.now();
    }, tick).unref();
  }

  /** Number of open connections. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Accepts a connection, or closes it if there are too many.
   * @param answer receives its requests, one at a time.
   */
  add(socket: Socket, answer: RequestListener): void {
    if (this.#open.size >= this.#maxConnections) {
      const slowest = this.#slowest(() => true);
      if (slowest === undefined) {
        socket.destroy();
        return;
      }
      slowest[1].reset();
      this.#open.delete(slowest[0]);
    }
    const onPipelined = (change: number) => this.#changePipelined(change);
    this.#open.set(socket, new Connection(socket, answer, this.#clock, onPipelined));
    socket.once("close", () => this.#open.delete(socket));
  }

  /** The connection of a socket; undefined if it was closed for another. */
  get(socket: Duplex): Connection | undefined {
    return this.#open.get(socket as Socket);
  }

  /**
   * Aborts the response whose client takes the fewest bytes a second, to release its memory.
   * @returns true once the memory is released; false if there is none to abort.
   */
  async abortSlowestResponse(): Promise<boolean> {
    const slowest = this.#slowest((connection) => connection.isAnswering);
    if (slowest === undefined) return false;
    const [socket, connection] = slowest;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    connection.reset();
    await closed;
    return true;
  }

  /** Closes each connection: an idle one at once, any other after the responses that are due. */
  end(): void {
    for (const [socket, connection] of this.#open) {
      if (connection.isAnswering) connection.end("");
      else socket.destroy();
    }
  }

  /** Resolves once there is no connection. */
  async whenEmpty(): Promise<void> {
    for (const socket of this.#open.keys()) await new Promise((resolve) => socket.once("close", resolve));
  }

  /** Closes all connections at once, for good. */
  destroy(): void {
    clearInterval(this.#ticking);
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /** Closes the connection with the most pipelined requests, if all of them together take too much memory. */
  #changePipelined(change: number): void {
    this.#pipelinedBytes += change;
    if (this.#pipelinedBytes <= this.#maxPipelined) return;
    let most: Connection | undefined;
    for (const connection of this.#open.values()) {
      if (most === undefined || connection.pipelinedBytes > most.pipelinedBytes) most = connection;
    }
    most?.reset();
  }

  /**
   * The connection whose client takes the fewest bytes a second; of idle ones, the one that has been idle
   * longest.
   */
  #slowest(matches: (connection: Connection) => boolean): [Socket, Connection] | undefined {
    this.#clock.now = performance.now();
    let slowest: [Socket, Connection] | undefined;
    let [lowestRate, longest] = [Number.POSITIVE_INFINITY, 0];
    for (const entry of this.#open) {
      const [socket, connection] = entry;
      const waiting = connection.waitingForClient;
      const isProtected = connection.isAnswering && waiting <= this.#protectedTime;
      if (isProtected || socket.destroyed || !matches(connection)) continue;
      const { rate } = connection;
      if (rate > lowestRate || (rate === lowestRate && waiting <= longest)) continue;
      [slowest, lowestRate, longest] = [entry, rate, waiting];
    }
    return slowest;
  }
}

import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Connection } from "./connection.ts";

/** Connections at once, on all ports together. */
export const MAX_CONNECTIONS = 2048;

/** Bytes of requests that wait, on all connections together, for the one before them on their connection. */
const MAX_WAITING = 32 * 1024 * 1024;

/** Milliseconds that a client has to take something of an answer before it may be cut short for another's sake. */
const PROTECTED_TIME = 1000;

/** Milliseconds between two looks at the clock. */
const TICK = 500;

/**
 * The connections of a server. Their number is bounded; when it is reached, the client that takes the least makes way for the
 * next, so that none can keep the others out.
 */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  readonly #maxConnections: number;
  readonly #maxWaiting: number;
  readonly #protectedTime: number;
  readonly #clock = { now: performance.now() };
  readonly #ticking: NodeJS.Timeout;
  /** Bytes of requests that wait, on all of them. */
  #waiting = 0;

  /**
   * @param limits `maxConnections`, default 2,048; `maxWaiting`, bytes of requests that wait for the one before them on their
   * connection, default 32 MiB; `protectedTime`, milliseconds that a client has to take something of an answer before it may
   * be cut short for another's sake, default 1,000; `tick`, milliseconds between two looks at the clock, default 500.
   */
  constructor({
    maxConnections = MAX_CONNECTIONS,
    maxWaiting = MAX_WAITING,
    protectedTime = PROTECTED_TIME,
    tick = TICK,
  } = {}) {
    this.#maxConnections = maxConnections;
    this.#maxWaiting = maxWaiting;
    this.#protectedTime = protectedTime;
    // To ask the system at each request would take an emulated machine some microseconds.
    this.#ticking = setInterval(() => {
      this.#clock.now = performance.now();
    }, tick).unref();
  }

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Takes a new connection in, or closes it.
   * @param answer gets its requests, one after the other.
   */
  admit(socket: Socket, answer: RequestListener): void {
    if (this.#open.size >= this.#maxConnections) {
      const slowest = this.#slowest(() => true);
      if (slowest === undefined) {
        socket.destroy();
        return;
      }
      slowest[1].cut();
      this.#open.delete(slowest[0]);
    }
    this.#open.set(
      socket,
      new Connection(socket, answer, this.#clock, (change) => this.#countWaiting(change)),
    );
    socket.once("close", () => this.#open.delete(socket));
  }

  /** The connection of a socket; undefined for one that was closed at once. */
  of(socket: Duplex): Connection | undefined {
    return this.#open.get(socket as Socket);
  }

  /**
   * Cuts the answer short whose client takes the least of it, to have its memory back.
   * @returns whether there was one; its memory is free by then.
   */
  async cutSlowestAnswer(): Promise<boolean> {
    const slowest = this.#slowest((connection) => connection.isAnswering);
    if (slowest === undefined) return false;
    const [socket, connection] = slowest;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    connection.cut();
    await closed;
    return true;
  }

  /** Takes no further requests: closes a connection at once, or after the answers that are due. */
  closeIdle(): void {
    for (const [socket, connection] of this.#open) {
      if (connection.isAnswering) connection.end("");
      else socket.destroy();
    }
  }

  /** Closes all of them at once, for good. */
  closeAll(): void {
    clearInterval(this.#ticking);
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /** Where requests that wait take too much in all, the connection that has the most of it is closed. */
  #countWaiting(change: number): void {
    this.#waiting += change;
    if (this.#waiting <= this.#maxWaiting) return;
    let most: Connection | undefined;
    for (const connection of this.#open.values()) {
      if (most === undefined || connection.waitingBytes > most.waitingBytes) most = connection;
    }
    most?.cut();
  }

  /**
   * The one whose client takes the least. A client that is being answered must have had some time to take something; one that
   * is not, has nothing to lose but the connection.
   */
  #slowest(matches: (connection: Connection) => boolean): [Socket, Connection] | undefined {
    this.#clock.now = performance.now();
    let slowest: [Socket, Connection] | undefined;
    let [lowestPace, longest] = [Number.POSITIVE_INFINITY, 0];
    for (const entry of this.#open) {
      const [socket, connection] = entry;
      const waiting = connection.waitingForClient;
      const isSpared = connection.isAnswering && waiting <= this.#protectedTime;
      if (isSpared || socket.destroyed || !matches(connection)) continue;
      const { pace } = connection;
      if (pace > lowestPace || (pace === lowestPace && waiting <= longest)) continue;
      [slowest, lowestPace, longest] = [entry, pace, waiting];
    }
    return slowest;
  }
}

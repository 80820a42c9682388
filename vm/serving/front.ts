import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { freeDescriptors } from "../front/descriptors.ts";
import { type Listener, listenAll, type Peer } from "../front/listen.ts";
import { type Backends, Connection, type ConnectionPolicy } from "./connection.ts";
import type { Entry } from "./entries.ts";

/** Connections beyond the limit, while every client makes progress. */
const SPARE = 8;

/** Descriptors for these, and for machines that start, images and logs. */
const MARGIN = SPARE + 12;

/** Milliseconds for clients to take the last bytes, and between two looks. */
const GRACE_MS = 500;
const STEP_MS = 10;

/** Milliseconds without progress after which a client's connection may be closed for another. */
const PROTECTED_MS = 1000;

/** How connections are accepted. */
export interface FrontOptions extends ConnectionPolicy {
  /** Connections at once. Beyond it, one that waits for a request or makes no progress is closed for a new one. */
  readonly limit: number;
  /** Gets a line of text about what goes wrong later. */
  note(line: string): void;
  /** Called for each connection when it is accepted, and when it is over. */
  onOpen?(): void;
  onClose?(): void;
}

/** Where this host accepts connections for machines. */
export class Front implements AsyncDisposable {
  readonly #listeners: Listener[] = [];
  readonly #connections = new Set<Connection>();
  /** Where clients connect, as users write it, in the order of the entries. */
  readonly published: string[] = [];
  readonly #options: FrontOptions;
  readonly #limit: number;

  private constructor(options: FrontOptions) {
    this.#options = options;
    this.#limit = Math.min(options.limit, Math.max(1, freeDescriptors() - MARGIN));
  }

  /**
   * Accepts connections at all addresses.
   *
   * @param backends decides which machine gets a connection.
   * @throws {DocteurError} those of `listenAll`.
   */
  static async open(entries: readonly Entry[], backends: Backends, options: FrontOptions): Promise<Front> {
    const front = new Front(options);
    const { note } = options;
    try {
      for (const { guestPort, addresses } of entries) {
        const onConnection = (client: Socket, peer: Peer | undefined) =>
          front.#add(client, new Connection(client, { port: guestPort, peer }, backends, options));
        const listeners = await listenAll(addresses, { onConnection, note });
        front.#listeners.push(...listeners);
        front.published.push(...listeners.map(({ published }) => published));
      }
      return front;
    } catch (error) {
      front.close();
      throw error;
    }
  }

  /** Accepts no further connection. */
  close(): void {
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  /** Accepts no further connection, and ends those that are open, once their clients have the last bytes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    const start = performance.now();
    const isWriting = () => [...this.#connections].some(({ hasUnsent }) => hasUnsent);
    while (isWriting() && performance.now() - start < GRACE_MS) await sleep(STEP_MS);
    for (const connection of this.#connections) connection.destroy();
  }

  #add(client: Socket, connection: Connection): void {
    this.#connections.add(connection);
    this.#options.onOpen?.();
    client.once("close", () => {
      this.#connections.delete(connection);
      this.#options.onClose?.();
    });
    if (this.#connections.size <= this.#limit) return;
    const least = this.#leastActive(connection);
    const surplus = this.#connections.size > this.#limit + SPARE ? connection : undefined;
    const closed = least ?? surplus;
    if (closed === undefined) return;
    // At once: many connections may come before its socket says that it is closed.
    this.#connections.delete(closed);
    closed.destroy();
  }

  /** The connection to close for another: one that waits for a request, or whose client makes no progress. */
  #leastActive(newest: Connection): Connection | undefined {
    let least: Connection | undefined;
    for (const each of this.#connections) {
      if (each === newest) continue;
      if (each.isIdle) return each;
      if (least === undefined || each.lastActive < least.lastActive) least = each;
    }
    const isProtected = least === undefined || performance.now() - least.lastActive < PROTECTED_MS;
    return isProtected ? undefined : least;
  }
}

import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { BindAddress } from "../front/bind.ts";
import { type Listener, listenAll, type Peer } from "../front/listen.ts";
import { type Backends, Connection, type ConnectionPolicy } from "./connection.ts";

/** Milliseconds for clients to take the last bytes, and between two looks. */
const GRACE_MS = 500;
const STEP_MS = 10;

/** A port of the machines, and where this host accepts its connections. */
export interface Entry {
  readonly guestPort: number;
  readonly addresses: readonly BindAddress[];
}

/** How connections are accepted. */
export interface FrontOptions extends ConnectionPolicy {
  /** Connections at once. Beyond it, one that waits for a request is closed for a new one. */
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

  private constructor(options: FrontOptions) {
    this.#options = options;
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
    if (this.#connections.size <= this.#options.limit) return;
    const idle = [...this.#connections].find(({ isIdle }) => isIdle);
    (idle ?? connection).destroy();
  }
}

import { createServer, type Server, type Socket } from "node:net";
import type { Peer } from "../../guest/protocol/streams/opening.ts";
import { portError } from "../qemu/host-port.ts";
import type { PortMapping } from "../qemu/port-mapping.ts";
import { type Backends, Connection, type ConnectionPolicy } from "./connection.ts";

/** The ports of this host, and the connections that come in there. */
export class Front {
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();
  /** The `ADDRESS:PORT` of each mapping, in their order. */
  readonly published: string[] = [];

  /**
   * Listens at the ports of this host.
   * @throws {DocteurError} `PORT_TAKEN`, `PORT_FORBIDDEN`, `ADDRESS_UNKNOWN`, `PUBLISH_FAILED`.
   */
  static async listen(
    mappings: readonly PortMapping[],
    backends: Backends,
    policy: ConnectionPolicy,
  ): Promise<Front> {
    const front = new Front();
    try {
      for (const mapping of mappings) await front.#listen(mapping, backends, policy);
      return front;
    } catch (error) {
      await front.close();
      throw error;
    }
  }

  /** The connections that are open. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Accepts no further connection. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #listen(mapping: PortMapping, backends: Backends, policy: ConnectionPolicy): Promise<void> {
    const { address, port, guestPort } = mapping;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client: Socket) => {
      const { remoteAddress, remotePort } = client;
      const peer: Peer | undefined =
        remoteAddress === undefined ? undefined : { address: remoteAddress, port: remotePort! };
      const connection = new Connection(client, { port: guestPort, peer }, backends, policy);
      this.#connections.add(connection);
      client.once("close", () => this.#connections.delete(connection));
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) => reject(portError(cause, `${address}:${port}`)));
      server.listen({ host: address, port, exclusive: true }, () => {
        this.published.push(`${address}:${(server.address() as { port: number }).port}`);
        resolve();
      });
    });
  }
}

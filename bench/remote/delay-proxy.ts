import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What has come through a proxy. */
export interface Traffic {
  readonly connections: number;
  readonly requests: readonly ProxiedRequest[];
  /** Bytes towards the clients, headers included. */
  readonly bytes: number;
}

export interface ProxiedRequest {
  /** Method and path. */
  readonly line: string;
  /** The value of `Range`, if there is one. */
  readonly range: string | undefined;
}

/**
 * A server at the end of a long line. Everything arrives half a round trip after it was sent, in both
 * directions, and the first bytes of a connection a whole one later: setting it up takes that (RFC 9293,
 * section 3.5). So a request costs a round trip over an open connection, and two over a new one.
 *
 * The line has no limit of bandwidth, no loss and no slow start.
 */
export class DelayProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: Set<Socket>;
  readonly #traffic: { connections: number; requests: ProxiedRequest[]; bytes: number };

  private constructor(
    server: ReturnType<typeof createServer>,
    sockets: Set<Socket>,
    traffic: { connections: number; requests: ProxiedRequest[]; bytes: number },
  ) {
    this.#server = server;
    this.#sockets = sockets;
    this.#traffic = traffic;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @param origin the port of the server, on this machine. @param roundTrip milliseconds. */
  static async start(origin: number, roundTrip: number): Promise<DelayProxy> {
    const sockets = new Set<Socket>();
    const traffic = { connections: 0, requests: [] as ProxiedRequest[], bytes: 0 };
    const server = createServer({ noDelay: true }, (client) => {
      traffic.connections++;
      const upstream = connect({ port: origin, host: "127.0.0.1", noDelay: true });
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on("error", () => {}).on("close", () => sockets.delete(socket));
      }
      client.on("close", () => upstream.destroy());
      const readHead = headReader((request) => traffic.requests.push(request));
      client.on("data", readHead);
      upstream.on("data", (bytes) => {
        traffic.bytes += bytes.length;
      });
      carry(client, upstream, roundTrip / 2, roundTrip);
      carry(upstream, client, roundTrip / 2, 0);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new DelayProxy(server, sockets, traffic);
  }

  /** Since the last call. */
  take(): Traffic {
    const { connections, requests, bytes } = this.#traffic;
    Object.assign(this.#traffic, { connections: 0, requests: [], bytes: 0 });
    return { connections, requests, bytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Passes bytes on in their order, each `delay` milliseconds after it came, the first ones `more` later. */
function carry(from: Socket, to: Socket, delay: number, more: number): void {
  const queue: { readonly due: number; readonly bytes: Buffer | undefined }[] = [];
  const start = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const send = () => {
    timer = undefined;
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const rest = next.due - performance.now();
      if (rest > 0) {
        timer = setTimeout(send, rest);
        return;
      }
      queue.shift();
      if (next.bytes !== undefined) to.write(next.bytes);
      else to.end();
    }
  };
  const add = (bytes: Buffer | undefined) => {
    queue.push({ due: Math.max(performance.now() + delay, start + delay + more), bytes });
    if (timer === undefined) send();
  };
  from.on("data", (bytes: Buffer) => add(bytes)).on("end", () => add(undefined));
}

/** Finds the requests in what a client sends; they have no bodies. */
function headReader(note: (request: ProxiedRequest) => void): (bytes: Buffer) => void {
  let text = "";
  return (bytes) => {
    text += bytes.toString("latin1");
    for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
      const head = text.slice(0, end);
      text = text.slice(end + 4);
      note({
        line: head.split(" ", 2).join(" "),
        range: /^range: *(.*)$/im.exec(head)?.[1]?.trim(),
      });
    }
  };
}

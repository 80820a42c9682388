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

/** Prints each request, but the digest of what it is for. */
export function showRequests({ requests }: Traffic): void {
  for (const { line, range = "" } of requests.slice(0, 20)) {
    process.stderr.write(`  ${line.replace(/sha256:\w+/, "sha256:...")} ${range}\n`);
  }
  process.stderr.write("\n");
}

/**
 * A server at the end of a long line. Everything arrives half a round trip after it was sent, in both
 * directions, and the first bytes of a connection a whole one later: setting it up takes that (RFC 9293,
 * section 3.5). So a request costs a round trip over an open connection, and two over a new one.
 *
 * The line loses nothing, and TCP has no slow start on it. All connections share its bandwidth.
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

  /**
   * @param origin the port of the server, on this machine. @param roundTrip milliseconds.
   * @param bandwidth towards the clients, in Mbit/s. Default: as much as the machine has.
   */
  static async start(origin: number, roundTrip: number, bandwidth = Infinity): Promise<DelayProxy> {
    const down = { free: 0, bytesPerMs: (bandwidth * 1e6) / 8 / 1000 };
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
      carry(client, upstream, roundTrip / 2, { setUp: roundTrip });
      carry(upstream, client, roundTrip / 2, { line: down });
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

/** What all connections have in common. */
interface Line {
  /** When it has sent what it got so far, by `performance.now()`. */
  free: number;
  readonly bytesPerMs: number;
}

/** Bytes that a sender may be ahead of the line, as if that were TCP's window. */
const WINDOW = 4 * 1024 * 1024;

/** Passes bytes on in their order, each `delay` milliseconds after the line has sent it, the first `setUp` later. */
function carry(
  from: Socket,
  to: Socket,
  delay: number,
  { setUp = 0, line }: { setUp?: number; line?: Line },
): void {
  const queue: { readonly due: number; readonly bytes: Buffer | undefined }[] = [];
  const start = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting = 0;
  const send = () => {
    timer = undefined;
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const rest = next.due - performance.now();
      if (rest > 0) {
        timer = setTimeout(send, rest);
        return;
      }
      queue.shift();
      if (next.bytes === undefined) {
        to.end();
        continue;
      }
      to.write(next.bytes);
      waiting -= next.bytes.length;
      if (waiting < WINDOW) from.resume();
    }
  };
  const add = (bytes: Buffer | undefined) => {
    let sent = Math.max(performance.now(), start + setUp);
    if (line !== undefined) {
      sent = Math.max(sent, line.free) + (bytes?.length ?? 0) / line.bytesPerMs;
      line.free = sent;
    }
    queue.push({ due: sent + delay, bytes });
    waiting += bytes?.length ?? 0;
    if (waiting >= WINDOW) from.pause();
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

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What a server is about to answer, which a fault changes. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** From 1 on. */
  readonly number: number;
  /** Of the whole file, what is asked for: from the first byte to before `end`. */
  readonly first: number;
  readonly end: number;
  readonly content: Buffer;
  /** Sends the right answer, but for what is given. */
  answer(changes?: { status?: number; headers?: Record<string, string>; body?: Buffer }): void;
}

export type Fault = (exchange: Exchange) => void;

/** Serves an image, with a fault, on this machine. */
export class FaultServer implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/disk.img`;
  }

  static async start(content: Buffer, fault: Fault): Promise<FaultServer> {
    let number = 0;
    const server = createServer((request, response) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      const first = Number(from ?? 0);
      const end = Math.min(Number(to ?? content.length - 1) + 1, content.length);
      const answer: Exchange["answer"] = ({ status = 206, headers = {}, body } = {}) => {
        const bytes = body ?? content.subarray(first, end);
        response.writeHead(status, {
          etag: '"one"',
          "content-length": bytes.length,
          "content-range": `bytes ${first}-${end - 1}/${content.length}`,
          ...headers,
        });
        response.end(bytes);
      };
      const { socket } = request;
      fault({ request, response, socket, number: ++number, first, end, content, answer });
    });
    server.on("connection", (socket: Socket) => socket.on("error", () => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FaultServer(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

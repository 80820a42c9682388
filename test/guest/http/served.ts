import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect as connectSocket, type Socket } from "node:net";
import type { ExecutionContext } from "ava";
import { serve } from "../../../guest/unikernels/serve.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { createFs } from "../../../reader/fs/create-fs.ts";
import { connect } from "../../../reader/store/connect.ts";

/** An answer, its content in bytes. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** An image that is served by this process, at a port of its own. */
export interface Served {
  readonly port: number;
  /** Lines of standard error so far. */
  readonly errors: string[];
  get(target: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Answer>;
  /** A connection on which a test writes what it likes. */
  socket(options?: RawOptions): Promise<RawSocket>;
}

/** Serves an image until the test ends, and looks whether the program then ends well. */
export async function served(
  t: ExecutionContext,
  image: Uint8Array,
  { args = [] as readonly string[], verbose = false } = {},
): Promise<Served> {
  const ending = new AbortController();
  const errors: string[] = [];
  const listening = Promise.withResolvers<string>();
  const running = Promise.resolve(
    serve({
      store: connect(memoryDevice(image)),
      fs: createFs(connect(memoryDevice(image))),
      connect: (options) => connect(memoryDevice(image), options),
      console: {
        write: (data) => listening.resolve(data.toString()),
        error: (data) => errors.push(...data.toString().split("\n").slice(0, -1)),
      },
      args,
      env: {},
      stdin: (async function* () {})(),
      ports: [{ address: "127.0.0.1", port: 0 }],
      terminal: false,
      verbose,
      signal: ending.signal,
    }),
  );
  running.then(() => {}, listening.reject);
  t.teardown(async () => {
    ending.abort();
    const status = await running;
    if (status !== 0) throw new Error(`serve ended with ${status}`);
  });
  const [, digits] = /^http:\/\/127\.0\.0\.1:(\d+)\/\n$/.exec(await listening.promise)!;
  const port = Number(digits);
  return {
    port,
    errors,
    get: (target, headers = {}, method = "GET") => get(port, target, headers, method),
    socket: (options) => RawSocket.connect(t, port, options),
  };
}

/** Asks for a target, just as it is written. */
export async function get(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Answer> {
  const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) };
}

export interface RawOptions {
  /** Whether the client keeps its side open when the server has closed its own. */
  readonly allowHalfOpen?: boolean;
}

/** A connection without any notion of HTTP. */
export class RawSocket {
  readonly #socket: Socket;
  #text = "";
  /** Fulfilled when the server has closed the connection; gives all that it said. */
  readonly closed: Promise<string>;
  /** Whether the server has ended the connection with a reset. */
  isReset = false;

  private constructor(socket: Socket) {
    this.#socket = socket.setEncoding("latin1");
    socket.on("data", (piece) => {
      this.#text += piece;
    });
    // A reset is an end, too.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.isReset = error.code === "ECONNRESET";
    });
    this.closed = new Promise((resolve) => socket.once("close", () => resolve(this.#text)));
  }

  static async connect(t: ExecutionContext, port: number, options: RawOptions = {}): Promise<RawSocket> {
    const socket = connectSocket({ ...options, port, host: "127.0.0.1" });
    t.teardown(() => socket.destroy());
    await once(socket, "connect");
    return new RawSocket(socket);
  }

  write(text: string): void {
    this.#socket.write(text, "latin1");
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends the connection with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Stops reading, so that the client takes nothing of its response. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Waits until what was said matches. */
  async said(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text)) {
      if (this.#socket.closed) throw new Error(`closed after: ${this.#text}`);
      await Promise.race([new Promise((resolve) => this.#socket.once("data", resolve)), this.closed]);
    }
    return this.#text;
  }
}

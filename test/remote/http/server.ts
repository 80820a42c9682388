import { randomBytes } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { inspect } from "node:util";
import type { ExecutionContext } from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { type HttpAddress, parseImageAddress } from "../../../remote/address.ts";
import { openHttpSource } from "../../../remote/http/http-source.ts";
import type { Source, SourceOptions } from "../../../remote/source.ts";

/** What a test's server sends. Larger than what is read whole from a server without ranges. */
export const CONTENT: Buffer = randomBytes(1_500_000);

export const ETAG = '"one"';

/** An environment in which nothing of the one who runs the tests counts. */
export const ENV: Readonly<Record<string, string>> = { HOME: "/nonexistent" };

/** What a right answer to a request for a range is made of; each part can be changed. */
export interface Parts {
  status?: number;
  headers?: Record<string, string | undefined>;
  content?: Buffer;
}

/** Answers as RFC 9110 has it: the range with 206, no satisfiable one with 416. */
export function answerRange(request: IncomingMessage, response: ServerResponse, parts: Parts = {}): void {
  const content = parts.content ?? CONTENT;
  const { first, last } = rangeOf(request, content.length);
  const none = first >= content.length;
  const body = none ? Buffer.alloc(0) : content.subarray(first, last + 1);
  const headers = {
    etag: ETAG,
    "content-length": String(body.length),
    "content-range": none ? `bytes */${content.length}` : `bytes ${first}-${last}/${content.length}`,
    ...parts.headers,
  };
  response.writeHead(
    parts.status ?? (none ? 416 : 206),
    Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >,
  );
  response.end(body);
}

/** The range that a request asks for, as far as the content reaches. */
export function rangeOf(request: IncomingMessage, length: number): { first: number; last: number } {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "")!;
  return { first: Number(first), last: Math.min(Number(last), length - 1) };
}

export interface TestServer {
  readonly origin: string;
  /** In the order in which they came. */
  readonly requests: { readonly url: string; readonly headers: IncomingMessage["headers"] }[];
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections that there have been. */
  readonly connections: () => number;
}

/** Starts a server that ends with the test. `handle` gets the number of the request, from 1. */
export async function startServer(
  t: Pick<ExecutionContext, "teardown">,
  handle: (request: IncomingMessage, response: ServerResponse, number: number) => void = (
    request,
    response,
  ) => answerRange(request, response),
  tls?: { readonly key: string; readonly cert: string },
): Promise<TestServer> {
  const requests: { url: string; headers: IncomingMessage["headers"] }[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener: RequestListener = (request, response) => {
    requests.push({ url: request.url!, headers: request.headers });
    handle(request, response, requests.length);
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => {});
  const { port } = await listen(server);
  t.teardown(() => close(server));
  const origin = `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  return { origin, requests, sockets, connections: () => connections };
}

export async function listen(server: Server): Promise<AddressInfo> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server.address() as AddressInfo;
}

export async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

export function address(url: string): HttpAddress {
  return parseImageAddress(url) as HttpAddress;
}

/** Opens a source that is closed with the test. */
export async function open(t: ExecutionContext, url: string, options: SourceOptions = {}): Promise<Source> {
  const source = await openHttpSource(address(url), { env: ENV, deadline: 30, ...options });
  t.teardown(() => source[Symbol.asyncDispose]());
  return source;
}

/** Requires that something fails with a code, in one line that has none of the secrets. */
export async function fails(
  t: ExecutionContext,
  work: Promise<unknown>,
  code: SourceError["code"],
  message: RegExp,
  secrets: readonly string[] = [],
): Promise<SourceError> {
  const error = (await t.throwsAsync(work)) as SourceError;
  t.true(error instanceof SourceError, String(error.stack));
  t.is(error.code, code, error.message);
  t.regex(error.message, message);
  t.notRegex(error.message, /\n/);
  for (const secret of secrets) t.false(everything(error).includes(secret), error.message);
  return error;
}

/** All that can be seen of an error and of its causes. */
function everything(error: unknown): string {
  return inspect(error, { depth: 6, showHidden: true, maxStringLength: null });
}

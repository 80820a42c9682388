import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { printable } from "../../reader/printable.ts";
import type { Store } from "../../reader/store/store.ts";
import type { Port } from "../protocol/published-port.ts";
import type { Console, UnikernelContext } from "../unikernel.ts";
import { Connections, MAX_CONNECTIONS } from "./connections.ts";
import { descriptorLimit } from "./descriptor-limit.ts";
import { Handler } from "./handler.ts";
import { makeHealthServer } from "./health.ts";
import { lengthOf } from "./send.ts";
import { boundedServer, close, listen } from "./server.ts";
import type { SiteOptions } from "./site.ts";

/** Descriptors that are reserved for everything but connections. */
const RESERVED_DESCRIPTORS = 48;

/** Options of `serveSite`. */
export interface ServeOptions {
  readonly site: SiteOptions;
  /** The hosts that are served, as `hostOf` spells them. Default: all. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** Whether folders are sent as archives on request. */
  readonly downloads: boolean;
}

/** What of its context a service uses. */
export type ServiceContext = Pick<
  UnikernelContext,
  "ports" | "console" | "signal" | "verbose" | "report" | "health"
>;

/**
 * Serves HTTP at the published ports until `signal` is aborted. Writes each address to standard output once
 * it accepts connections there.
 *
 * @throws {DocteurError} those of `listen`.
 */
export async function serveSite(
  store: Store,
  { site, hosts, downloads }: ServeOptions,
  { ports, console, signal, verbose, report, health }: ServiceContext,
): Promise<void> {
  const complain = (message: string) => console.error(`serve: ${printable(message)}\n`);
  // Beyond this limit, connections fail before the server can choose one to close.
  const available = Math.max(1, descriptorLimit() - RESERVED_DESCRIPTORS);
  const connections = new Connections({ maxConnections: Math.min(MAX_CONNECTIONS, available) });
  const abortSlowestResponse = () => connections.abortSlowestResponse();
  const handler = new Handler(store, { site, hosts, downloads, complain, abortSlowestResponse });
  const servers: Server[] = [];
  let healthServer: Server | undefined;
  try {
    for (const port of ports) {
      const server = boundedServer(connections, (request, response) => {
        if (verbose) logAccess(console, request, response);
        if (report !== undefined) reportAccess(report, request, response);
        handler.handle(request, response);
      });
      servers.push(server);
      let number = port.port;
      if (port.accept === undefined) number = await listen(server, port, complain);
      else port.accept((socket) => void server.emit("connection", socket));
      console.write(`${addressOf(port, number)}\n`);
    }
    if (health !== undefined) {
      healthServer = makeHealthServer();
      await listen(healthServer, health, complain);
    }
    await aborted(signal);
  } finally {
    healthServer?.close();
    healthServer?.closeAllConnections();
    await close(servers, connections);
  }
}

function addressOf({ address, published }: Port, number: number): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `http://${published ?? `${host}:${number}`}/`;
}

/**
 * Writes a line for each response: method and target, status, bytes of content, and whether the client left
 * early.
 */
function logAccess(console: Console, { method, url }: IncomingMessage, response: ServerResponse): void {
  response.once("close", () => {
    const left = response.writableFinished ? "" : " cut short";
    console.error(`${method} ${printable(url ?? "")} ${response.statusCode} ${lengthOf(response)}${left}\n`);
  });
}

/** Reports each response to the host once it is complete. */
function reportAccess(
  report: NonNullable<UnikernelContext["report"]>,
  { method = "", url = "", httpVersion, socket }: IncomingMessage,
  response: ServerResponse,
): void {
  const start = performance.now();
  response.once("close", () => {
    const record = {
      method,
      target: url,
      version: httpVersion,
      status: response.statusCode,
      bytes: lengthOf(response),
      seconds: (performance.now() - start) / 1000,
      isCutShort: !response.writableFinished,
    };
    report(record, socket);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

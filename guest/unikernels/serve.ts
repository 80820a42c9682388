import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Handler } from "../http/handler.ts";
import { lengthOf } from "../http/send.ts";
import { boundedServer, close, listen } from "../http/server.ts";
import { printable } from "../printable.ts";
import type { Console, Port, Unikernel } from "../unikernel.ts";
import { parseOptions } from "./options.ts";
import { usageError } from "./report.ts";

const USAGE = "serve [--index NAME] [--listing] [--spa]";

/** Bytes of the largest file stored as a delta, which is held in memory; git makes no larger deltas for docteur. */
const MAX_OBJECT_SIZE = 64 * 1024 * 1024;

/**
 * `serve [--index NAME] [--listing] [--spa]`: answers HTTP at the published ports until it is asked to end, and writes each
 * address to standard output once it answers there.
 */
export const serve: Unikernel = async ({ args, console, connect, ports, signal, verbose }) => {
  const { options, operands, unknown } = parseOptions(args, {
    flags: ["--listing", "--spa"],
    values: ["--index"],
  });
  const index = options.get("--index") ?? "index.html";
  const surplus = unknown ?? operands[0] ?? (index.includes("/") || index === "" ? index : undefined);
  if (surplus !== undefined) return usageError(console, "serve", USAGE, surplus);
  if (ports.length === 0) {
    console.error("serve: no port is published, for instance by: docteur run -p 8080:80 IMAGE serve\n");
    return 2;
  }
  const store = connect({ layout: "light", maxObjectSize: MAX_OBJECT_SIZE });
  const site = { index, listing: options.has("--listing"), spa: options.has("--spa") };
  const handler = new Handler(store, site, (message) => console.error(`serve: ${printable(message)}\n`));
  const servers: Server[] = [];
  try {
    for (const port of ports) {
      const server = boundedServer((request, response) => {
        if (verbose) logAccess(console, request, response);
        handler.handle(request, response);
      });
      const number = await listen(server, port);
      servers.push(server);
      console.write(`${url(port, number)}\n`);
    }
    await aborted(signal);
    return 0;
  } finally {
    await Promise.all(servers.map(close));
    store.close();
  }
};

function url({ address, published }: Port, number: number): string {
  return `http://${published ?? `${address}:${number}`}/`;
}

/** A line for each answer: what was asked for, the status, bytes of content, and whether the client left before its end. */
function logAccess(console: Console, { method, url }: IncomingMessage, response: ServerResponse): void {
  response.once("close", () => {
    const left = response.writableFinished ? "" : " cut short";
    console.error(`${method} ${printable(url ?? "")} ${response.statusCode} ${lengthOf(response)}${left}\n`);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import { GIT_ENVIRONMENT } from "./sandbox.ts";

/**
 * Serves the repositories in a folder by `git daemon` on a port of this machine. @returns the URL of the
 * folder.
 */
export async function gitDaemon(t: ExecutionContext, folder: string): Promise<string> {
  const port = await freePort();
  const options = [
    `--base-path=${folder}`,
    "--export-all",
    "--listen=127.0.0.1",
    `--port=${port}`,
    "--reuseaddr",
  ];
  const daemon = spawn("git", ["daemon", ...options, folder], {
    env: GIT_ENVIRONMENT,
    stdio: "ignore",
    detached: true,
  });
  t.teardown(async () => {
    // The whole group: `git` has started `git-daemon`.
    process.kill(-daemon.pid!, "SIGKILL");
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, "exit");
  });
  await answering(port);
  return `git://127.0.0.1:${port}`;
}

/** Answers HTTP requests on a port of this machine. @returns the URL. */
export async function httpServer(
  t: ExecutionContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server: Server = createHttpServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves files as they lie, as a "dumb" HTTP server does. @returns the URL of the folder. */
export function dumbServer(t: ExecutionContext, folder: string): Promise<string> {
  return httpServer(t, (request, response) => {
    const { pathname } = new URL(request.url!, "http://x");
    try {
      response.end(readFileSync(join(folder, decodeURIComponent(pathname))));
    } catch {
      response.writeHead(404).end();
    }
  });
}

/** A server that accepts connections and sends nothing. @returns host and port. */
export async function silentServer(t: ExecutionContext): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    t.teardown(() => socket.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What becomes of a connection of which so many bytes have come through. */
export type Mishap = "cut" | "stall";

/**
 * A port that hands on to another, until in one connection `limit` bytes have come back. @returns the port.
 */
export async function faultyRelay(
  t: ExecutionContext,
  port: number,
  limit: number,
  mishap: Mishap,
): Promise<number> {
  const server = createServer((socket) => {
    const behind = connect(port, "127.0.0.1");
    let passed = 0;
    for (const end of [socket, behind]) {
      end.on("error", () => {});
      end.on("close", () => {
        socket.destroy();
        behind.destroy();
      });
      t.teardown(() => end.destroy());
    }
    socket.pipe(behind);
    behind.on("data", (bytes: Buffer) => {
      const rest = limit - passed;
      passed += bytes.length;
      if (rest > 0) socket.write(bytes.subarray(0, rest));
      if (passed < limit) return;
      if (mishap === "cut") socket.end();
      else behind.pause();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until somebody listens on a port of this machine. */
export async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await setTimeout(20);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nobody answers on port ${port}`);
}

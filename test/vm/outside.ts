import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { connect } from "node:net";
import type { UnikernelContext } from "../../guest/unikernel.ts";

const PATIENCE_MS = 2000;

/**
 * Tries each `tcp:HOST:PORT` and `udp:HOST:PORT`, writes the results as JSON, and serves two ports until a
 * signal ends it.
 */
export async function outside({ args, console, signal }: UnikernelContext): Promise<number> {
  const results = await Promise.all(args.map(async (target) => [target, await attempt(target)]));
  const servers = [80, 81].map((port) =>
    createServer((_, response) => response.end(`port ${port}\n`)).listen(port, "0.0.0.0"),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
  console.write(`${JSON.stringify(Object.fromEntries(results))}\n`);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  return 0;
}

function attempt(target: string): Promise<string> {
  const [protocol, host, port] = target.split(":") as [string, string, string];
  return new Promise((resolve) => {
    setTimeout(() => resolve("nothing"), PATIENCE_MS);
    if (protocol === "udp") {
      const socket = createSocket("udp4");
      socket.on("message", () => resolve("answered"));
      socket.on("error", (error) => resolve(error.message));
      // A question of DNS: the address of `a`.
      const question = Buffer.from("00010100000100000000000001610000010001", "hex");
      socket.send(question, Number(port), host, () => {});
      return;
    }
    const socket = connect(Number(port), host);
    socket.on("connect", () => resolve("connected"));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
  });
}

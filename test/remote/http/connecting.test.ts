import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { HttpClient } from "../../../remote/http/client.ts";

/** Takes no connection: the system answers to none once so many wait. */
const PROGRAM = `
const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  require("node:fs").writeSync(1, server.address().port + "\\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;

async function startBlackHole(t: ExecutionContext): Promise<URL> {
  const server = spawn(process.execPath, ["-e", PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => server.kill("SIGKILL"));
  const [port] = (await once(server.stdout, "data")) as [Buffer];
  const waiting: Socket[] = [];
  t.teardown(() => waiting.forEach((socket) => void socket.destroy()));
  for (let isOpen = true; isOpen; ) {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    waiting.push(socket);
    isOpen = await Promise.race([once(socket, "connect").then(() => true), sleep(500, false)]);
  }
  return new URL(`http://127.0.0.1:${Number(port)}/disk.img`);
}

test("what waits for a connection ends by its signal, by the deadline, and when the client is closed", async (t) => {
  const url = await startBlackHole(t);
  const request = { url, display: "there", deadline: 1 };
  const client = new HttpClient({ env: {} });
  const late = await t.throwsAsync(
    client.exchange(request, async () => {}),
    { instanceOf: SourceError },
  );
  t.is((late as SourceError).code, "SOURCE_TIMEOUT");

  const reason = new Error("enough");
  const controller = new AbortController();
  // Undici gives up a connection by itself after 10 seconds, and would give this error then.
  const aborted = client.exchange({ ...request, deadline: 9, signal: controller.signal }, async () => {});
  await sleep(100);
  controller.abort(reason);
  t.is(await t.throwsAsync(aborted), reason);

  const closed = client.exchange({ ...request, deadline: 9 }, async () => {});
  await sleep(100);
  await client[Symbol.asyncDispose]();
  await t.throwsAsync(closed, { code: "ABORTED" });
});

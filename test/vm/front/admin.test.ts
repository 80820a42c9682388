import { once } from "node:events";
import { request } from "node:http";
import { createConnection } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import test, { type ExecutionContext } from "ava";
import { parseAdminAddress } from "../../../vm/front/address.ts";
import { type AdminOptions, startAdmin } from "../../../vm/front/admin.ts";
import type { BindAddress } from "../../../vm/front/bind.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

async function start(t: ExecutionContext, options: Partial<AdminOptions> = {}, where = "0") {
  const admin = await startAdmin(parseAdminAddress(where) as BindAddress, {
    metrics: () => "docteur_connections 1\n",
    whyNotReady: () => undefined,
    ...options,
  });
  t.teardown(() => admin.close());
  return { admin, port: Number(admin.published.split(":").at(-1)) };
}

async function ask(port: number, path: string, method = "GET", body = "") {
  const asked = request({ port, host: "127.0.0.1", path, method, agent: false });
  asked.end(body);
  const [response] = await once(asked, "response");
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** Sends bytes, and returns all that the server answers. */
function exchangeRaw(port: number, sent: string): Promise<string> {
  const socket = createConnection(port, "127.0.0.1");
  socket.end(sent);
  return text(socket);
}

test("/metrics is Prometheus's text", async (t) => {
  const { port } = await start(t);
  for (const path of ["/metrics", "/metrics?name[]=up"]) {
    const { status, headers, body } = await ask(port, path);
    t.is(status, 200);
    t.is(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    t.is(body, "docteur_connections 1\n");
  }
});

test("/healthz says whether the site is served, and in one line why not", async (t) => {
  let why: string | undefined;
  const { port } = await start(t, { whyNotReady: () => why });
  let { status, body } = await ask(port, "/healthz");
  t.deepEqual([status, body], [200, "ok\n"]);
  why = "no machine\nis ready";
  ({ status, body } = await ask(port, "/healthz"));
  t.deepEqual([status, body], [503, "no machine is ready\n"]);
});

test("HEAD has the fields of GET and no content", async (t) => {
  const { port } = await start(t);
  for (const path of ["/metrics", "/healthz", "/none"]) {
    const [get, head] = [await ask(port, path), await ask(port, path, "HEAD")];
    t.is(head.body, "");
    t.deepEqual({ ...head.headers, date: "" }, { ...get.headers, date: "" });
    t.is(head.status, get.status);
  }
});

test("other paths are not found, and other methods not allowed", async (t) => {
  const { port } = await start(t);
  for (const path of [
    "/",
    "/index.html",
    "/metrics/",
    "//metrics",
    "/METRICS",
    "/%6Detrics",
    "/.docteur/",
    "*",
  ]) {
    t.is((await ask(port, path)).status, 404, path);
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"]) {
    const { status, headers } = await ask(port, "/metrics", method, method === "TRACE" ? "" : "content");
    t.is(status, 405, method);
    t.is(headers.allow, "GET, HEAD");
  }
});

test("what is malformed or too large is refused, and the server goes on", async (t) => {
  const { port } = await start(t);
  t.regex(await exchangeRaw(port, "nonsense\r\n\r\n"), /^HTTP\/1\.1 400 /);
  t.regex(await exchangeRaw(port, `GET / HTTP/1.1\r\nA: ${"a".repeat(10_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
  t.regex(await exchangeRaw(port, "GET /metrics HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400 /);
  t.is(await exchangeRaw(port, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), "");
  t.regex(
    await exchangeRaw(
      port,
      "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ),
    /^HTTP\/1\.1 200 /,
  );
  t.is((await ask(port, "/healthz")).status, 200);
});

test("a fault in what it answers from is answered with 500 and noted", async (t) => {
  const notes: string[] = [];
  const { admin, port } = await start(t, {
    metrics: () => {
      throw new Error("no figures");
    },
    note: (line) => notes.push(line),
  });
  t.is((await ask(port, "/metrics")).status, 500);
  t.deepEqual(notes, [`${admin.published}: GET /metrics: Error: no figures`]);
});

test("clients that keep all connections do not keep others out for good", async (t) => {
  const { port } = await start(t);
  const sockets = Array.from({ length: 64 }, () => createConnection(port, "127.0.0.1"));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) {
    socket.on("error", () => {}).write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "data");
  }
  let answered: { status: number } | undefined;
  while (answered === undefined) answered = await ask(port, "/healthz").catch(() => undefined);
  t.is(answered.status, 200);
});

test("the server ends at once, with idle and half-asked connections", async (t) => {
  const { admin, port } = await start(t);
  const sockets = ["", "GET /metrics HTT", "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"].map((sent) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    socket.write(sent);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  await ask(port, "/healthz");
  const over = sockets.map((socket) => once(socket, "close"));
  admin.close();
  admin.close();
  await Promise.all(over);
  await t.throwsAsync(ask(port, "/healthz"), { code: "ECONNREFUSED" });
});

test("it may listen at a unix socket, and its errors name --admin", async (t) => {
  const path = join(temporaryFolder(t), "admin.sock");
  const { admin } = await start(t, {}, `unix:${path}`);
  t.is(admin.published, `unix:${path}`);
  const asked = request({ socketPath: path, path: "/healthz", agent: false }).end();
  const [response] = await once(asked, "response");
  t.is(await text(response), "ok\n");
  const { port } = await start(t);
  await t.throwsAsync(start(t, {}, String(port)), {
    code: "PORT_TAKEN",
    message: `127.0.0.1:${port} is taken by another program; --admin names another port`,
  });
  await t.throwsAsync(start(t, {}, `unix:${path}`), { code: "PORT_TAKEN", message: /--admin names another/ });
});

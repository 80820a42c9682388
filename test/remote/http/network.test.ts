import { createServer as createHttpServer, type Server } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import test from "ava";
import { CONTENT, close, ENV, fails, listen, open, startServer } from "./server.ts";

test("a server that is away is reported", async (t) => {
  const server = createHttpServer();
  const { port } = await listen(server);
  await close(server);
  await fails(
    t,
    open(t, `http://127.0.0.1:${port}/?sig=hidden`),
    "SOURCE_UNREACHABLE",
    /^http:\S+\/\?\.\.\.: the server takes no connections: check the address, and that it runs$/,
    ["hidden"],
  );
});

for (const [status, code, message] of [
  [404, "SOURCE_NOT_FOUND", /there is nothing at this address \(HTTP 404 Not Found\): check it$/],
  [410, "SOURCE_NOT_FOUND", /HTTP 410 Gone/],
  [400, "SOURCE_UNSUPPORTED", /the server refuses the request \(HTTP 400 Bad Request\)/],
  [405, "SOURCE_UNSUPPORTED", /HTTP 405 Method Not Allowed/],
  [501, "SOURCE_UNSUPPORTED", /HTTP 501 Not Implemented/],
  [407, "SOURCE_DENIED", /the proxy asks for a password/],
] as const) {
  test(`${status} is ${code} after one request`, async (t) => {
    const server = await startServer(t, (_, response) => response.writeHead(status).end("<html>"));
    await fails(t, open(t, `${server.origin}/?token=hidden`), code, message, ["hidden"]);
    t.is(server.requests.length, 1);
  });
}

/** A proxy that passes requests on, or refuses with a status. */
async function startProxy(t: Parameters<typeof startServer>[0], refuse?: number) {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createHttpServer(async (request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"]}`);
    if (refuse !== undefined) return response.writeHead(refuse).end();
    const { "proxy-authorization": _, ...headers } = request.headers;
    const answer = await fetch(request.url!, { headers: headers as Record<string, string> });
    response
      .writeHead(answer.status, Object.fromEntries(answer.headers))
      .end(Buffer.from(await answer.arrayBuffer()));
  });
  server.on("connect", (request, socket: Socket) => {
    seen.push(`CONNECT ${request.url} ${request.headers["proxy-authorization"]}`);
    sockets.add(socket.on("error", () => {}));
    if (refuse !== undefined) return socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
    const [host, port] = request.url!.split(":");
    const other = connect(Number(port), host, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    sockets.add(other.on("error", () => {}));
    socket.pipe(other).pipe(socket);
  });
  const { port } = await listen(server);
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await close(server);
  });
  return { seen, host: `127.0.0.1:${port}` };
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const credentials = basic("user:hidden");

test("the proxies of the environment are used, but for the hosts of no_proxy", async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t);
  const host = new URL(server.origin).host;
  for (const [env, requests] of [
    [{ http_proxy: `http://user:hidden@${proxy.host}` }, [`GET ${server.origin}/ ${credentials}`]],
    [{ http_proxy: `http://user:hidden@${proxy.host}/path?query` }, [`GET ${server.origin}/ ${credentials}`]],
    [{ http_proxy: `http://user:100%@${proxy.host}` }, [`GET ${server.origin}/ ${basic("user:100%")}`]],
    [{ HTTP_PROXY: proxy.host }, [`GET ${server.origin}/ undefined`]],
    [{ ALL_PROXY: `http://${proxy.host}` }, [`GET ${server.origin}/ undefined`]],
    [{ HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: "127.0.0.1" }, []],
    [{ HTTP_PROXY: `http://${proxy.host}`, no_proxy: `a, ${host}` }, []],
    [{ HTTPS_PROXY: `http://${proxy.host}` }, []],
  ] as const) {
    proxy.seen.length = 0;
    const source = await open(t, server.origin, { env: { ...ENV, ...env } });
    t.is(source.size, CONTENT.length);
    t.deepEqual(proxy.seen, [...requests]);
  }
});

test("https goes through a tunnel, and not through the proxy of http", async (t) => {
  const proxy = await startProxy(t, 502);
  const env = { ...ENV, HTTPS_PROXY: `http://user:hidden@${proxy.host}` };
  const failed = fails(
    t,
    open(t, "https://127.0.0.1:9/", { env }),
    "SOURCE_UNREACHABLE",
    /the proxy refuses to connect \(HTTP 502\): check HTTPS_PROXY$/,
    ["hidden", credentials],
  );
  await failed;
  t.is(proxy.seen[0], `CONNECT 127.0.0.1:9 ${credentials}`);
  const other = await startProxy(t);
  await fails(
    t,
    open(t, "https://127.0.0.1:9/", { env: { ...ENV, HTTP_PROXY: `http://${other.host}` } }),
    "SOURCE_UNREACHABLE",
    /takes no connections/,
  );
  t.deepEqual(other.seen, []);
});

test("a proxy that wants a password, is away, or has no address is reported", async (t) => {
  const proxy = await startProxy(t, 407);
  const HTTP_PROXY = `http://user:hidden@${proxy.host}`;
  await fails(
    t,
    open(t, "http://127.0.0.1:9/", { env: { ...ENV, HTTP_PROXY } }),
    "SOURCE_UNREACHABLE",
    /the proxy refuses to connect \(HTTP 407\): check HTTP_PROXY$/,
    ["hidden"],
  );
  const away = createServer();
  const { port } = await listen(away as Server);
  await new Promise((resolve) => away.close(resolve));
  const env = { ...ENV, http_proxy: `http://user:hidden@127.0.0.1:${port}` };
  await fails(
    t,
    open(t, "http://127.0.0.1:9/", { env }),
    "SOURCE_UNREACHABLE",
    /takes no connections.*\(http_proxy is set: check it, too\)$/,
    ["hidden"],
  );
  for (const text of ["http://user:hidden@", "ftp://user:hidden@h", "user:hidden@:"]) {
    await fails(
      t,
      open(t, "http://127.0.0.1:9/", { env: { ...ENV, HTTP_PROXY: text } }),
      "BAD_ADDRESS",
      /^HTTP_PROXY: this is no address of a proxy/,
      ["hidden"],
    );
  }
});

import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { inflateSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { makeBundle, type RunOptions, runInVm } from "../../vm/commands.ts";
import { withoutFirstRunNotes } from "../first-run.ts";
import { get, RawSocket } from "../guest/http/served.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Collector, descendants, SMALL, SMALL_FILES } from "./fixture.ts";

/** A program that runs in a machine and writes lines until a signal ends it. */
function start(t: ExecutionContext, options: Partial<RunOptions>) {
  const ending = new AbortController();
  const stdout = new PassThrough({ encoding: "utf8" });
  const stderr = new Collector();
  const running = runInVm({
    ...{ image: SMALL, program: "serve", args: [], stdout, stderr, signal: ending.signal },
    ...options,
  });
  t.teardown(async () => {
    ending.abort("SIGTERM");
    await running.catch(() => {});
  });
  const line = Promise.race([
    once(stdout, "data").then(([text]) => String(text)),
    running.then((status) => `ended with ${status}`),
  ]);
  line.catch(() => {});
  return { line, running, stderr, end: () => ending.abort("SIGTERM") };
}

async function free(t: ExecutionContext): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  t.log(`port ${port}`);
  return port;
}

test.serial("a machine serves its image at the published port, until a signal ends it", async (t) => {
  const args = ["--listing", "--host", "127.0.0.1", "--host", "localhost"];
  const { line, running, stderr, end } = start(t, { publish: ["0:80"], args, verbose: true });
  const [, digits] = /^http:\/\/127\.0\.0\.1:(\d+)\/\n$/.exec(await line)!;
  const port = Number(digits);
  for (const [path, content] of SMALL_FILES) {
    const target = encodeURI(path);
    const { status, body, headers } = await get(port, target);
    t.deepEqual([status, body], [200, content], path);
    const compressed = await get(port, target, { "accept-encoding": "deflate" });
    t.is(compressed.headers["content-encoding"], "deflate");
    t.deepEqual(inflateSync(compressed.body), content);
    t.is((await get(port, target, { "if-none-match": headers.etag! })).status, 304);
  }
  const part = await get(port, "/random.bin", { range: "bytes=1000-1999" });
  t.deepEqual([part.status, part.body], [206, SMALL_FILES.get("/random.bin")!.subarray(1000, 2000)]);
  t.is((await get(port, "/nope")).status, 404);
  t.is((await get(port, "/a")).headers.location, "/a/");
  t.regex((await get(port, "/")).body.toString(), /href="\.\/README\.md"/);
  t.regex((await get(port, "/.docteur/")).body.toString(), /0be1d553b75091d98bcee236313bfee577d9eadc/);
  const clock = Date.parse((await get(port, "/")).headers.date!);
  t.true(Math.abs(clock - Date.now()) < 60_000, "its clock is right");

  t.is((await get(port, "/README.md", { host: `LOCALHOST:${port}` })).status, 200);
  t.is((await get(port, "/README.md", { host: "evil.example" })).status, 421);

  const head = (path: string, fields = "") => `HEAD ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;
  for (const [words, statuses] of [
    [`${head("/README.md")}CONNECT a:22 HTTP/1.1\r\nHost: localhost\r\n\r\n`, ["200", "405"]],
    [head("/README.md", "Connection: Upgrade\r\nUpgrade: h2c\r\n") + head("/nope"), ["200"]],
    [head("/", "Transfer-Encoding: xchunked\r\n"), ["400"]],
  ] as const) {
    const raw = await RawSocket.connect(t, port);
    raw.write(words);
    const text = await raw.closed;
    t.deepEqual(text.match(/(?<=^HTTP\/1\.1 )\d+/gm), statuses);
    const leaving = await RawSocket.connect(t, port);
    leaving.write(words);
    leaving.reset();
  }
  t.is((await get(port, "/README.md")).status, 200);

  const request = "GET /README.md HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const idle: RawSocket[] = [];
  // QEMU lets hardly any wait at its door, so they come a few at a time.
  while (idle.length < 100) {
    const more = await Promise.all(Array.from({ length: 2 }, () => RawSocket.connect(t, port)));
    for (const raw of more) raw.write(request);
    await Promise.all(more.map((raw) => raw.said(/awkward\.\n$/)));
    idle.push(...more);
  }
  t.is((await get(port, "/README.md")).status, 200, "beside 100 idle connections");
  idle[0]!.write(request.repeat(3));
  t.is((await idle[0]!.said(/(awkward\.\n.*){4}/s)).match(/^HTTP\/1\.1 200/gm)?.length, 4);

  end();
  // As SIGTERM ends; on a busy host, a machine that takes its time to close 100 connections is ended without
  // them.
  t.true([143, "ABORTED"].includes(await running.catch(({ code }) => code)));
  t.regex(stderr.text, /^GET \/nope 404 \d+$/m);
  t.regex(stderr.text, /^GET \/random\.bin 206 1000$/m);
  await t.throwsAsync(get(port, "/"), { code: "ECONNREFUSED" });
  t.deepEqual(descendants(process.pid), []);
});

test.serial("a port that is not published cannot be reached, and the machine reaches nothing", async (t) => {
  const bundle = join(temporaryFolder(t), "outside.cjs");
  await makeBundle(bundle, join(import.meta.dirname, "outside-main.ts"));
  let visitors = 0;
  // On this host, at every address it has: QEMU's network would lead to it, were it not closed.
  const host = createServer((socket) => {
    visitors++;
    socket.destroy();
  }).listen(0, "0.0.0.0");
  t.teardown(() => host.close());
  await once(host, "listening");
  const { port: hostPort } = host.address() as { port: number };
  const targets = [
    `tcp:10.0.2.2:${hostPort}`,
    `tcp:127.0.0.1:${hostPort}`,
    "tcp:10.0.2.3:53",
    "udp:10.0.2.3:53",
    "tcp:192.0.2.1:80",
  ];
  const [published, unpublished] = [await free(t), await free(t)];
  const { line, running, end } = start(t, {
    ...{ bundle, cold: true, program: "outside", args: targets, publish: [`127.0.0.1:${published}:80`] },
  });
  const results = JSON.parse(await line) as Record<string, string>;
  t.deepEqual(Object.keys(results), targets);
  for (const [target, result] of Object.entries(results)) {
    t.regex(
      result,
      /^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ECONNRESET|nothing|send ENETUNREACH.*)$/,
      target,
    );
  }
  t.is(visitors, 0);
  t.is((await get(published, "/")).body.toString(), "port 80\n");
  for (const port of [unpublished, 81]) await t.throwsAsync(get(port, "/"), { code: "ECONNREFUSED" });
  end();
  await running.catch(() => {});
  t.deepEqual(descendants(process.pid), []);
});

test.serial(
  "a port that is taken is refused before a machine starts, and the next run has no trouble",
  async (t) => {
    const port = await free(t);
    const { running } = start(t, { publish: [`${port}:80`, `${port}:81`] });
    await t.throwsAsync(running, {
      code: "PORT_TAKEN",
      message: new RegExp(`^127\\.0\\.0\\.1:${port} is taken`),
    });
    t.deepEqual(descendants(process.pid), []);
    const again = start(t, { publish: ["0:80", "0:81"], verbose: true });
    const first = await again.line;
    t.regex(first, /^http:\/\/127\.0\.0\.1:\d+\/\n/);
    t.regex(again.stderr.text, /started from a template/);
    again.end();
    await again.running.catch(() => {});
  },
);

test.serial("serve fails without a published port", async (t) => {
  const { running, stderr } = start(t, {});
  t.is(await running, 2);
  t.is(
    withoutFirstRunNotes(stderr.text),
    "serve: no port is published; add -p, for instance: docteur run -p 8080:80 IMAGE serve\n",
  );
});

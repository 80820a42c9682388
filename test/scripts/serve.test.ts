import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { FIXTURES } from "../fixtures.ts";
import { get, RawSocket } from "../guest/http/served.ts";
import { CHECKOUT, docteur, refused } from "./docteur.ts";

const small = join(FIXTURES, "small.img");

for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`serve prints its address, answers there, and ends by ${signal} although a client is connected`, async (t) => {
    const running = spawn(join(CHECKOUT, "scripts/docteur"), [
      ...["run", "-t", "unix", "-v", "-p", "0:80", small, "serve", "--listing"],
    ]);
    let stderr = "";
    running.stderr.on("data", (piece) => {
      stderr += piece;
    });
    const closed = once(running, "close");
    const [address] = (await once(running.stdout.setEncoding("utf8"), "data")) as [string];
    t.regex(address, /^http:\/\/127\.0\.0\.1:\d+\/\n$/);
    const { port } = new URL(address);
    // A connection that is kept, as browsers do.
    const response = await fetch(`${address.trim()}README.md`);
    t.regex(await response.text(), /^# small\n/);
    t.is((await get(Number(port), "/nope")).status, 404);
    running.kill(signal);
    t.deepEqual(await closed, [status, null]);
    t.regex(stderr, /^GET \/README\.md 200 \d+$/m);
  });
}

test("idle clients keep nobody out where the process may open few files", async (t) => {
  const command = 'ulimit -n 100; exec "$0" "$@"';
  const args = [join(CHECKOUT, "scripts/docteur"), "run", "-t", "unix", "-p", "0:80", small, "serve"];
  const running = spawn("sh", ["-c", command, ...args]);
  const closed = once(running, "close");
  t.teardown(() => running.kill());
  const [address] = (await once(running.stdout.setEncoding("utf8"), "data")) as [string];
  const port = Number(new URL(address).port);
  // Some are closed for others before they are seen to be connected.
  const idle = await Promise.allSettled(Array.from({ length: 150 }, () => RawSocket.connect(t, port)));
  const connected = idle.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  t.true(connected.length > 20);
  for (const raw of connected) raw.write("GET /README.md HTTP/1.1\r\nHost: a\r\n\r\n");
  // It has all of them by now, and closes some for this one.
  for (let count = 0; count < 5; count++) t.is((await get(port, "/README.md")).status, 200);
  running.kill();
  t.deepEqual(await closed, [143, null]);
});

test("a port in use is one line of error, in the machine and on the host", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  refused(
    t,
    await docteur(["run", "-p", `${port}:80`, small, "serve"]),
    1,
    new RegExp(`127\\.0\\.0\\.1:${port} is taken by another program; -p names another port`),
  );
  const onHost = await docteur(["run", "-t", "unix", "-p", `${port}:80`, small, "serve"]);
  t.deepEqual(
    [onHost.status, onHost.stderr, onHost.stdout.length],
    [1, `docteur: 127.0.0.1:${port} is taken by another program; -p names another port\n`, 0],
  );
});

test("a malformed port is refused before anything is done", async (t) => {
  for (const mapping of ["80", "8080:", "99999:80"]) {
    refused(
      t,
      await docteur(["run", `--publish=${mapping}`, small, "serve"]),
      2,
      /\[ADDRESS:\]PORT:GUESTPORT/,
    );
  }
});

test("serve without arguments prints its usage", async (t) => {
  for (const args of [
    ...[["--wat"], ["surplus"], ["--index", "a/b"], ["--host"]],
    ...["", "a/b", "http://a", "a b", ":80"].map((name) => ["--host", "a", "--host", name]),
  ]) {
    const { status, stderr } = await docteur(["run", "-t", "unix", "-p", "0:80", small, "serve", ...args]);
    t.is(status, 2);
    t.regex(
      stderr,
      /^serve: [^\n]*usage: serve \[--index NAME\] \[--listing\] [^\n]+ \[--host NAME\]\.\.\.\n$/,
    );
  }
  const { status, stderr } = await docteur(["run", "-t", "unix", small, "serve"]);
  t.is(status, 2);
  t.regex(stderr, /^serve: no port is published; [^\n]+\n$/);
});

test("serve --metrics needs --admin, which answers apart from the site", async (t) => {
  const { status, stderr } = await docteur(["run", "-t", "unix", "-p", "0:80", small, "serve", "--metrics"]);
  t.deepEqual([status, stderr.includes("serve: --metrics needs a port of the host")], [2, true]);
  const folder = await mkdtemp(join(tmpdir(), "docteur test "));
  t.teardown(() => rm(folder, { recursive: true }));
  const admin = join(folder, "admin.sock");
  const options = ["-t", "unix", "-p", "0:80", "--admin", `unix:${admin}`];
  const running = spawn(join(CHECKOUT, "scripts/docteur"), ["run", ...options, small, "serve", "--metrics"]);
  t.teardown(() => running.kill());
  const [address] = (await once(running.stdout.setEncoding("utf8"), "data")) as [string];
  t.is((await get(Number(new URL(address).port), "/README.md")).status, 200);
  t.is((await get(Number(new URL(address).port), "/metrics")).status, 404);
  const asked = async (path: string): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request({ socketPath: admin, path }, resolve).on("error", reject).end();
    return (await (await promise).setEncoding("utf8").toArray()).join("");
  };
  t.is(await asked("/healthz"), "ok\n");
  let text = "";
  while (!/docteur_requests_total\{status="404"\} 1/.test(text)) text = await asked("/metrics");
  t.regex(text, /docteur_requests_total\{status="200"\} 1\n/);
  t.regex(text, /docteur_machines\{state="ready"\} 1\n/);
  const closed = once(running, "close");
  running.kill();
  t.deepEqual(await closed, [143, null]);
});

test("an option that would have no effect is refused", async (t) => {
  for (const [options, program, message] of [
    [["--access-log", "log", "-p", "0:80"], "./program.ts", /--access-log needs the program serve/],
    [["-t", "unix", "--replicas", "2", "-p", "0:80"], "./program.ts", /--replicas needs a virtual machine/],
    [["--replicas", "2"], "serve", /--replicas needs a port/],
  ] as const) {
    refused(t, await docteur(["run", ...options, small, program]), 2, message);
  }
});

test("--print-command publishes the ports by the line itself", async (t) => {
  const { stdout } = await docteur(["run", "--print-command", "-p", "8080:80", small, "serve"]);
  t.regex(
    stdout.toString(),
    / -netdev user,id=network,restrict=on,ipv6=off,hostfwd=tcp:127\.0\.0\.1:8080-:80 /,
  );
  t.notRegex((await docteur(["run", "--print-command", small, "cat", "/a"])).stdout.toString(), /netdev/);
});

import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request as requestHttps } from "node:https";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { runInVm } from "../../../vm/commands.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { Collector, descendants, SMALL } from "../fixture.ts";
import { CERTIFICATE, GUEST_PORTS, LENGTH, PROGRAM } from "./user-servers-program.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ address }) => address === "::1"),
);

/** Where a server is reached: of `127.0.0.1:8080` or `[::1]:8080`. */
interface Place {
  readonly host: string;
  readonly port: number;
}

/** Runs the program with all its ports published. */
async function start(t: ExecutionContext) {
  const program = join(temporaryFolder(t), "servers.mjs");
  writeFileSync(program, PROGRAM);
  const publish = Object.values(GUEST_PORTS).map((port) => `0:${port}`);
  if (hasIpv6) publish.push(`[::1]:0:${GUEST_PORTS.http}`);
  const ending = new AbortController();
  const [stdout, stderr] = [new PassThrough({ encoding: "utf8" }), new Collector()];
  const { signal } = ending;
  const running = runInVm({ image: SMALL, program, args: [], publish, stdout, stderr, signal });
  t.teardown(async () => {
    ending.abort("SIGTERM");
    await running.catch(() => {});
  });
  const line = once(stdout, "data").then(([text]) => JSON.parse(text) as [number, string][]);
  const early = running.then((status) => Promise.reject(new Error(`${status} ${stderr.text}`)));
  early.catch(() => {});
  const places = await Promise.race([line, early]);
  const placeOf = (published: string): Place => {
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(published)!;
    return { host: host!, port: Number(port) };
  };
  const at = (name: keyof typeof GUEST_PORTS, nth = 0): Place =>
    placeOf(places.filter(([port]) => port === GUEST_PORTS[name])[nth]![1]);
  return { at, running, stderr };
}

async function read(socket: Socket, pause = 0): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) {
    pieces.push(piece);
    if (pause > 0) await sleep(pause);
  }
  return Buffer.concat(pieces);
}

/** What `https` and `http` say of their client. */
async function ask(place: Place, isSecure = false): Promise<object> {
  const options = { ...place, path: "/a?b", agent: false as const };
  const asked = isSecure
    ? requestHttps({ ...options, ca: CERTIFICATE, servername: "localhost" })
    : requestHttp(options);
  asked.end();
  const [response] = await once(asked, "response");
  const { localAddress, localPort } = response.socket;
  const { path, ...peer } = JSON.parse((await read(response)).toString());
  return { ...peer, path, isRight: peer.remoteAddress === localAddress && peer.remotePort === localPort };
}

test.serial("servers of all kinds in a machine answer at the ports of this host", async (t) => {
  const { at, running, stderr } = await start(t);
  // They come before the program listens there.
  const late = read(connect(at("late")));

  const nothing = connect(at("nothing"));
  const refused = once(nothing, "close").then(
    () => "closed",
    (error) => error.code,
  );

  t.log("net");
  const bytes = Buffer.from(Array.from({ length: LENGTH }, (_, index) => (index * 7919) >> 5));
  const digest = createHash("sha256").update(bytes).digest("hex");
  for (const pause of [0, 1]) {
    const echo = connect({ ...at("echo"), allowHalfOpen: true });
    echo.end(bytes);
    t.deepEqual(
      createHash("sha256")
        .update(await read(echo, pause))
        .digest("hex"),
      digest,
      `${pause} ms`,
    );
  }
  const up = connect({ ...at("digest"), allowHalfOpen: true });
  up.end(bytes);
  t.is((await read(up)).toString(), digest, "up to a slow reader");
  t.true((await read(connect(at("download")), 1)).equals(Buffer.alloc(LENGTH, "0123456789")));
  const greeting = connect(at("greeting"));
  const { localPort } = await once(greeting, "connect").then(() => greeting);
  t.is((await read(greeting)).toString(), `hello 127.0.0.1 ${localPort}`, "a server may speak first");
  // A client that has nothing to say may say so before it listens.
  const silent = connect({ ...at("greeting"), allowHalfOpen: true }).end();
  t.regex((await read(silent)).toString(), /^hello /);

  t.log("http");
  const expected = { remoteAddress: "127.0.0.1", remoteFamily: "IPv4", path: "/a?b", isRight: true };
  t.like(await ask(at("http")), expected);
  t.like(await ask(at("https"), true), expected);
  if (hasIpv6) t.like(await ask(at("http", 1)), { ...expected, remoteAddress: "::1", remoteFamily: "IPv6" });
  const { port } = at("http2");
  const session = connectHttp2(`https://localhost:${port}`, { ca: CERTIFICATE, host: "127.0.0.1" } as object);
  const answers = Array.from({ length: 10 }, async (_, index) => {
    const stream = session.request({ ":path": `/${index}` });
    return JSON.parse((await read(stream as unknown as Socket)).toString());
  });
  for (const [index, answer] of (await Promise.all(answers)).entries()) {
    const { localPort: remotePort } = session.socket;
    t.like(answer, { remoteAddress: "127.0.0.1", remotePort, path: `/${index}` });
  }
  session.close();

  t.log("many at once");
  const many = await Promise.all(Array.from({ length: 50 }, () => ask(at("http"))));
  for (const answer of many) t.like(answer, expected);

  t.log("a client that resets");
  for (const name of ["echo", "download", "digest"] as const) {
    const leaving = connect(at(name));
    leaving.write(bytes.subarray(0, 100_000));
    if (name !== "digest") await once(leaving, "data");
    leaving.resetAndDestroy();
  }
  t.like(await ask(at("http")), expected);

  t.is((await late).toString(), "late");
  t.is(await refused, "ECONNRESET");
  const again = connect(at("nothing"));
  await t.throwsAsync(once(again, "close"), { code: "ECONNRESET" });

  connect(at("end"))
    .on("error", () => {})
    .write("x");
  t.is(await running, 7);
  t.notRegex(stderr.text, /Error/);
  await t.throwsAsync(once(connect(at("http")), "connect"), { code: "ECONNREFUSED" });
  t.deepEqual(descendants(process.pid), []);
});

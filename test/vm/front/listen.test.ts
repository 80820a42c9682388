import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import test, { type ExecutionContext } from "ava";
import { parsePortMapping } from "../../../vm/front/address.ts";
import type { BindAddress } from "../../../vm/front/bind.ts";
import { areDescriptorsScarce } from "../../../vm/front/descriptors.ts";
import { type Listener, listen, listenAll, type Peer } from "../../../vm/front/listen.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { exchange, startChild } from "./child.ts";

const at = (mapping: string) => parsePortMapping(`${mapping}:80`).address as BindAddress;

/** Listens, and answers each client with what it knows about it, and with what it has sent. */
async function answering(t: ExecutionContext, mapping: string): Promise<Listener> {
  const listener = await listen(at(mapping), {
    onConnection: (socket, peer) => {
      socket.write(`${JSON.stringify(peer ?? null)}\n`);
      socket.pipe(socket);
    },
  });
  t.teardown(() => listener.close());
  return listener;
}

const portOf = ({ published }: Listener) => Number(published.split(":").at(-1));

async function hasIPv6(): Promise<boolean> {
  const probe = createServer();
  const found = await new Promise<boolean>((resolve) => {
    probe.once("error", () => resolve(false)).listen(0, "::1", () => resolve(true));
  });
  probe.close();
  return found;
}

test("a connection is open in one direction when the other has ended, and has its peer's address", async (t) => {
  const listener = await answering(t, "0");
  t.regex(listener.published, /^127\.0\.0\.1:\d+$/);
  const client = createConnection(portOf(listener), "127.0.0.1");
  client.end("sent");
  const [line, sent] = (await text(client)).split("\n");
  const { family, address, port } = JSON.parse(line!) as Peer;
  t.deepEqual([family, address, sent], ["IPv4", "127.0.0.1", "sent"]);
  t.true(port > 0);
});

test("a connection by IPv6 has an IPv6 address, and both families may have the same port", async (t) => {
  if (!(await hasIPv6())) return t.pass("this host has no IPv6");
  const listener = await answering(t, "[::]:0");
  t.regex(listener.published, /^\[::\]:\d+$/);
  const port = portOf(listener);
  const other = await answering(t, `0.0.0.0:${port}`);
  t.is(other.published, `0.0.0.0:${port}`);
  t.regex(await exchange({ port, host: "::1" }), /"family":"IPv6","address":"::1"/);
  t.regex(await exchange({ port, host: "127.0.0.1" }), /"family":"IPv4","address":"127.0.0.1"/);
});

test("a connection waits, paused, until something reads it", async (t) => {
  const sockets: Socket[] = [];
  const listener = await listen(at("0"), { onConnection: (socket) => sockets.push(socket) });
  t.teardown(() => listener.close());
  const client = createConnection(portOf(listener), "127.0.0.1");
  client.write("early");
  await once(client, "connect");
  while (sockets.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const [socket] = sockets as [Socket];
  t.is(socket.bytesRead, 0);
  const read = text(socket);
  client.end(" late");
  t.is(await read, "early late");
  socket.destroy();
});

test("many clients at once are all answered", async (t) => {
  const listener = await answering(t, "0");
  const port = portOf(listener);
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) => exchange({ port, host: "127.0.0.1" }, `client ${index}`)),
  );
  for (const [index, answer] of answers.entries()) t.true(answer.endsWith(`\nclient ${index}`));
});

test("a listener that is closed accepts nothing more, and leaves its connections", async (t) => {
  const sockets: Socket[] = [];
  const listener = await listen(at("0"), { onConnection: (socket) => sockets.push(socket) });
  const port = portOf(listener);
  const client = createConnection(port, "127.0.0.1");
  await once(client, "connect");
  while (sockets.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  listener.close();
  listener.close();
  await t.throwsAsync(exchange({ port, host: "127.0.0.1" }), { code: "ECONNREFUSED" });
  sockets[0]!.end("still here");
  t.is(await text(client), "still here");
  await answering(t, String(port));
});

test("a port that is taken, and an address that is not this host's, are refused", async (t) => {
  const published = `127.0.0.1:${portOf(await answering(t, "0"))}`;
  await t.throwsAsync(answering(t, published), {
    code: "PORT_TAKEN",
    message: `${published} is taken by another program; -p names another port`,
  });
  await t.throwsAsync(answering(t, "192.0.2.1:8080"), {
    code: "ADDRESS_UNKNOWN",
    message: "192.0.2.1:8080 is not an address of this host",
  });
  await t.throwsAsync(answering(t, "[2001:db8::1]:8080"), { code: "ADDRESS_UNKNOWN" });
  await t.throwsAsync(answering(t, "[fe80::1%nosuch0]:8080"), { code: "ADDRESS_UNKNOWN" });
});

test("if one address is refused, none is listened at", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "site.sock");
  const addresses = [`unix:${path}`, "192.0.2.1:8080"].map(at);
  await t.throwsAsync(listenAll(addresses, { onConnection: () => {} }), { code: "ADDRESS_UNKNOWN" });
  t.false(existsSync(path));
});

test("a unix socket is open to every user, and removed at the end", async (t) => {
  const path = join(temporaryFolder(t), "site:1.sock");
  const listener = await answering(t, `unix:${path}`);
  t.is(listener.published, `unix:${path}`);
  t.is(lstatSync(path).mode & 0o777, 0o666);
  t.is(await exchange({ path }, "sent"), "null\nsent");
  listener.close();
  t.false(existsSync(path));
});

test("a unix socket whose path is as long as can be is served", async (t) => {
  const folder = temporaryFolder(t, "docteur-");
  const path = join(folder, "s".repeat(107 - folder.length - 1));
  await answering(t, `unix:${path}`);
  t.is(await exchange({ path }, "sent"), "null\nsent");
});

/** Leaves a socket at a path, as a process that is killed does. */
async function leaveStale(path: string): Promise<void> {
  const server = createServer().listen(`${path}.bound`);
  await once(server, "listening");
  // Node removes the path that it has bound.
  renameSync(`${path}.bound`, path);
  server.close();
  await once(server, "close");
}

test("the socket of a process that has been killed is replaced", async (t) => {
  const path = join(temporaryFolder(t), "site.sock");
  await leaveStale(path);
  await t.throwsAsync(exchange({ path }), { code: "ECONNREFUSED" });
  await answering(t, `unix:${path}`);
  t.is(await exchange({ path }, "sent"), "null\nsent");
  t.deepEqual(readdirSync(dirname(path)), ["site.sock"]);
});

test("a unix socket that is in use is not replaced", async (t) => {
  const path = join(temporaryFolder(t), "site.sock");
  await answering(t, `unix:${path}`);
  await t.throwsAsync(answering(t, `unix:${path}`), {
    code: "PORT_TAKEN",
    message: `unix:${path} is taken by another program; -p names another path`,
  });
  t.is(await exchange({ path }, "sent"), "null\nsent");
});

test("of several that replace the same socket at once, one does", async (t) => {
  const path = join(temporaryFolder(t), "site.sock");
  await leaveStale(path);
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => answering(t, `unix:${path}`)));
  const refused = attempts.filter((attempt) => attempt.status === "rejected");
  t.is(refused.length, 7);
  for (const { reason } of refused) t.is(reason.code, "PORT_TAKEN");
  t.deepEqual(readdirSync(dirname(path)), ["site.sock"]);
  t.is(await exchange({ path }, "sent"), "null\nsent");
});

test("what is not a socket is left as it is", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "file");
  writeFileSync(file, "content");
  symlinkSync("file", join(folder, "link"));
  symlinkSync("nowhere", join(folder, "dangling"));
  mkdirSync(join(folder, "folder"));
  for (const name of ["file", "link", "dangling", "folder"]) {
    await t.throwsAsync(answering(t, `unix:${join(folder, name)}`), {
      code: "PUBLISH_FAILED",
      message: /is a file, and not a socket/,
    });
    lstatSync(join(folder, name));
  }
  t.is(readFileSync(file, "utf8"), "content");
});

test("a socket that another process has put in its place is not removed at the end", async (t) => {
  const path = join(temporaryFolder(t), "site.sock");
  const listener = await answering(t, `unix:${path}`);
  renameSync(path, `${path}.old`);
  const other = await answering(t, `unix:${path}`);
  listener.close();
  t.is(await exchange({ path }, "sent"), "null\nsent");
  other.close();
  t.false(existsSync(path));
  t.true(existsSync(`${path}.old`));
});

test("a socket in a folder that is not there, or closed to this user, is refused", async (t) => {
  const folder = temporaryFolder(t);
  await t.throwsAsync(answering(t, `unix:${join(folder, "none/site.sock")}`), {
    code: "PUBLISH_FAILED",
    message: /none is not a folder/,
  });
  writeFileSync(join(folder, "file"), "");
  await t.throwsAsync(answering(t, `unix:${join(folder, "file/site.sock")}`), { code: "PUBLISH_FAILED" });
  if (process.getuid!() === 0) return;
  mkdirSync(join(folder, "closed"));
  chmodSync(join(folder, "closed"), 0o500);
  await t.throwsAsync(answering(t, `unix:${join(folder, "closed/site.sock")}`), { code: "PORT_FORBIDDEN" });
});

test("descriptors are scarce near the limit", (t) => {
  t.false(areDescriptorsScarce(1_000_000));
  t.true(areDescriptorsScarce(4));
});

test("a process whose descriptors are used up refuses connections with one line, and then accepts again", async (t) => {
  const child = startChild(t, ["0:80"], "ulimit -n 128");
  const { published } = (await child.next()) as { published: [string] };
  const port = Number(published[0].split(":")[1]);
  const clients = Array.from({ length: 200 }, () => createConnection(port, "127.0.0.1"));
  const outcomes = await Promise.all(
    clients.map(
      (client) =>
        new Promise<string>((resolve) => {
          client.once("data", () => resolve("served"));
          client.once("error", () => resolve("reset"));
          client.once("close", () => resolve("closed"));
        }),
    ),
  );
  const served = outcomes.filter((outcome) => outcome === "served").length;
  t.true(served > 10 && served < 128, String(served));
  t.regex(String((await child.next()).note), /^127\.0\.0\.1:\d+: too many open files .*refused: 1$/);
  for (const client of clients) client.destroy();
  let answer = "";
  // The process notices that they are gone a moment later.
  while (answer === "") answer = await exchange({ port, host: "127.0.0.1" }).catch(() => "");
  t.regex(answer, /"family":"IPv4"/);
  child.end();
  t.deepEqual(await child.next(), { ended: true });
});

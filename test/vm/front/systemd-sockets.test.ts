import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, existsSync, openSync, renameSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { assignSockets } from "../../../vm/front/assign-sockets.ts";
import { socketState, takeSystemdSockets } from "../../../vm/front/systemd-sockets.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { exchange, startChild } from "./child.ts";

/** A server of this process, and its descriptor. */
async function listening(t: ExecutionContext, where: string | number, host = "127.0.0.1") {
  const server = createServer();
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => {
    if (typeof where === "string") server.listen(where, resolve);
    else server.listen(where, host, resolve);
  });
  return { server, descriptor: descriptorOf(server), port: (server.address() as { port: number }).port };
}

/** Node does not document where it keeps it. */
function descriptorOf(socket: Server | Socket | UdpSocket): number {
  const { _handle, [symbolOf(socket)]: state } = socket as unknown as Record<string | symbol, unknown>;
  return ((_handle ?? (state as { handle: unknown }).handle) as { fd: number }).fd;
}

/** A socket of datagrams has its handle in a state behind a symbol. */
function symbolOf(socket: object): symbol {
  return (
    Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === "state symbol") ?? Symbol()
  );
}

/** What systemd sets before it starts a service. */
const systemd = (count: number, names = "") =>
  `export LISTEN_PID=$$ LISTEN_FDS=${count} LISTEN_PIDFDID=1${names && ` LISTEN_FDNAMES=${names}`}`;

test("the sockets of systemd are those of the variables, which are removed", (t) => {
  const env: NodeJS.ProcessEnv = { LISTEN_PID: "7", LISTEN_FDS: "3", LISTEN_FDNAMES: "web::admin", A: "1" };
  t.deepEqual(takeSystemdSockets(env, 7), [
    { descriptor: 3, name: "web" },
    { descriptor: 4, name: "unknown" },
    { descriptor: 5, name: "admin" },
  ]);
  t.deepEqual(env, { A: "1" });
  t.deepEqual(takeSystemdSockets(env, 7), []);
});

test("the variables of another process name no socket, and are removed as well", (t) => {
  const env: NodeJS.ProcessEnv = { LISTEN_PID: "8", LISTEN_FDS: "1", LISTEN_FDNAMES: "web" };
  t.deepEqual(takeSystemdSockets(env, 7), []);
  t.deepEqual(env, {});
});

for (const count of ["", "x", "-1", "1.5", "99999", "1\n"]) {
  test(`LISTEN_FDS=${JSON.stringify(count)} is refused`, (t) => {
    t.throws(() => takeSystemdSockets({ LISTEN_PID: "7", LISTEN_FDS: count }, 7), { code: "PUBLISH_FAILED" });
  });
}

test("a socket goes to the address that names it, and the rest to the one without a name", (t) => {
  const sockets = ["web", "admin", "web", "other"].map((name, index) => ({ descriptor: 3 + index, name }));
  const [web, admin, web2, other] = sockets;
  const tcp = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
  t.deepEqual(assignSockets([{ kind: "systemd" }, tcp, { kind: "systemd", name: "admin" }], sockets), [
    [web, web2, other],
    [tcp],
    [admin],
  ] as unknown as ReturnType<typeof assignSockets>);
  t.deepEqual(
    assignSockets(
      ["other", "web", "admin"].map((name) => ({ kind: "systemd", name })),
      sockets,
    ),
    [[other], [web, web2], [admin]] as unknown as ReturnType<typeof assignSockets>,
  );
});

test("an address without a socket, and a socket without an address, are refused", (t) => {
  const sockets = [{ descriptor: 3, name: "web" }];
  const refuse = (names: (string | undefined)[], handed: typeof sockets, message: RegExp) =>
    t.throws(
      () =>
        assignSockets(
          names.map((name) => ({ kind: "systemd", ...(name && { name }) })),
          handed,
        ),
      { code: "PUBLISH_FAILED", message },
    );
  refuse(["web"], [], /systemd:web: .*hands over none/);
  refuse([undefined], [], /hands over none/);
  refuse(["admin"], sockets, /systemd:admin: .*hands over web/);
  refuse(["web", "web"], sockets, /each once/);
  refuse([undefined, undefined], sockets, /each once/);
  refuse([], sockets, /no option takes; -p systemd:web:GUESTPORT/);
});

test("proc(5) says which descriptors accept connections", async (t) => {
  const folder = temporaryFolder(t);
  t.is(socketState((await listening(t, 0)).descriptor), "listening");
  t.is(socketState((await listening(t, join(folder, "s"))).descriptor), "listening");
  t.is(socketState(toClose(t, openSync(join(folder, "file"), "w"))), "other");
  t.is(socketState(99_999), "other");
});

test("a process serves the sockets that it is handed, and its children get neither them nor the variables", async (t) => {
  const path = join(temporaryFolder(t), "site.sock");
  const one = await listening(t, 0);
  const other = await listening(t, path);
  const mappings = ["systemd:web:80", "systemd:local:81"];
  const child = startChild(t, mappings, systemd(2, "web:local"), [one.descriptor, other.descriptor]);
  t.deepEqual(await child.next(), {
    inherited: "",
    published: [`127.0.0.1:${one.port}`, `unix:${path}`],
  });
  // Both processes accept at the same socket; this one leaves it to the child.
  one.server.close();
  t.regex(await exchange({ port: one.port, host: "127.0.0.1" }), /"address":"127.0.0.1"/);
});

test("a socket of both families is served, and a client by IPv4 has its own address", async (t) => {
  const probe = createServer();
  const hasIPv6 = await new Promise((resolve) => {
    probe.once("error", () => resolve(false)).listen(0, "::", () => resolve(true));
  });
  t.teardown(() => probe.close());
  if (!hasIPv6) return t.pass("this host has no IPv6");
  const { port } = probe.address() as { port: number };
  const child = startChild(t, ["systemd:80"], systemd(1), [descriptorOf(probe)]);
  t.deepEqual((await child.next()).published, [`[::]:${port}`]);
  probe.close();
  t.regex(
    await exchange({ port, host: "127.0.0.1" }),
    /^\{"family":"IPv4","address":"127.0.0.1","port":\d+\}\n$/,
  );
});

for (const [kind, open] of [
  ["a file", (t) => toClose(t, openSync(join(temporaryFolder(t), "file"), "w"))],
  [
    "a connection, as of Accept=yes,",
    async (t) => {
      const { port } = await listening(t, 0);
      const socket = createConnection(port, "127.0.0.1");
      t.teardown(() => socket.destroy());
      await once(socket, "connect");
      return descriptorOf(socket);
    },
  ],
  [
    "a socket of datagrams",
    async (t) => {
      const socket = createSocket("udp4").bind(0, "127.0.0.1");
      t.teardown(() => socket.close());
      await once(socket, "listening");
      return descriptorOf(socket);
    },
  ],
] as readonly (readonly [string, (t: ExecutionContext) => number | Promise<number>])[]) {
  test(`${kind} from systemd is refused in one line`, async (t) => {
    const child = startChild(t, ["systemd:80"], systemd(1, "web"), [await open(t)]);
    t.deepEqual(await child.next(), {
      code: "PUBLISH_FAILED",
      message:
        "systemd's socket web, descriptor 3, accepts no connections; its unit needs ListenStream= and Accept=no",
    });
  });
}

test("a unix socket of systemd's stays when the process ends", async (t) => {
  const folder = temporaryFolder(t);
  const { server, descriptor } = await listening(t, join(folder, "bound"));
  // Node removes what it has bound when it closes; a service manager leaves it.
  const path = join(folder, "site.sock");
  renameSync(join(folder, "bound"), path);
  const child = startChild(t, ["systemd:80"], systemd(1), [descriptor]);
  t.deepEqual((await child.next()).published, [`unix:${join(folder, "bound")}`]);
  server.close();
  t.is(await exchange({ path }), "null\n");
  child.end();
  t.deepEqual(await child.next(), { ended: true });
  t.true(existsSync(path));
});

test("a descriptor that is not there is refused", async (t) => {
  const { descriptor } = await listening(t, 0);
  const child = startChild(t, ["systemd:80"], systemd(60), [descriptor]);
  t.is((await child.next()).code, "PUBLISH_FAILED");
});

function toClose(t: ExecutionContext, descriptor: number): number {
  t.teardown(() => closeSync(descriptor));
  return descriptor;
}

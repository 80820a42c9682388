import { once } from "node:events";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { type RunOptions, runOnHost } from "../../../vm/commands.ts";
import { get } from "../../guest/http/served.ts";
import { Collector, descendants, SMALL, SMALL_FILES } from "../fixture.ts";

/** Serves the small image from a process of this host, as `-t unix` does. */
async function start(t: ExecutionContext, options: Partial<RunOptions> = {}) {
  const ending = new AbortController();
  const [stdout, stderr] = [new PassThrough({ encoding: "utf8" }), new Collector()];
  const running = runOnHost({
    ...{ image: SMALL, program: "serve", args: [], publish: ["127.0.0.1:0:80"], stdout, stderr },
    ...{ signal: ending.signal, ...options },
  });
  running.catch(() => {});
  t.teardown(async () => {
    ending.abort("SIGTERM");
    await running.catch(() => {});
  });
  const [line] = await once(stdout, "data");
  return { port: Number(/:(\d+)\//.exec(line)![1]), running, stderr };
}

function guests(): number[] {
  return descendants(process.pid).map(({ pid }) => pid);
}

/** The process that has taken the place of another. */
async function another(than: number): Promise<number> {
  for (;;) {
    const pid = guests().find((each) => each !== than);
    if (pid !== undefined) return pid;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const README = SMALL_FILES.get("/README.md")!;

/** Stops a process, so that it takes a request and does not answer it, and kills it then. */
async function killWithRequests(port: number, pid: number, count: number): Promise<Buffer[]> {
  process.kill(pid, "SIGSTOP");
  const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1"));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const answers = sockets.map(async (socket) => {
    socket.write("GET /README.md HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const pieces: Buffer[] = [];
    for await (const piece of socket) pieces.push(piece);
    return Buffer.concat(pieces);
  });
  // The host has accepted them, and has sent the requests on.
  while (openSockets() < 2 * count) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 100));
  process.kill(pid, "SIGKILL");
  return Promise.all(answers);
}

function openSockets(): number {
  const handles = (process as unknown as { getActiveResourcesInfo(): string[] }).getActiveResourcesInfo();
  return handles.filter((name) => name === "TCPSocketWrap").length;
}

test.serial("requests that a machine has not answered when it dies are answered by another", async (t) => {
  const { port, stderr } = await start(t);
  const [pid] = guests();
  const answers = await killWithRequests(port, pid!, 10);
  for (const answer of answers) {
    t.is(answer.toString("latin1", 0, 15), "HTTP/1.1 200 OK");
    t.deepEqual(answer.subarray(-README.length), README);
  }
  t.regex(stderr.text, /^docteur: the process ended before [^\n]*; starting another machine\n$/);
});

test.serial("the end of too many machines ends the command, with one line for each", async (t) => {
  const { port, running, stderr } = await start(t);
  let pid = 0;
  for (let count = 1; count <= 5; count++) {
    pid = await another(pid);
    t.is((await get(port, "/README.md")).status, 200);
    process.kill(pid, "SIGKILL");
  }
  pid = await another(pid);
  t.is((await get(port, "/README.md")).status, 200);
  process.kill(pid, "SIGKILL");
  await t.throwsAsync(running, { code: "RESTARTS_FAILED", message: /6 machines have ended within 60/ });
  t.is(stderr.text.match(/; starting another machine\n/g)?.length, 5);
  t.deepEqual(guests(), []);
  await t.throwsAsync(get(port, "/README.md"), { code: "ECONNREFUSED" });
});

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type ExecutionContext } from "ava";
import { Connections } from "../../../guest/http/connections.ts";
import { Handler } from "../../../guest/http/handler.ts";
import { boundedServer, close } from "../../../guest/http/server.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { connect } from "../../../reader/store/connect.ts";
import { makeImage, whole } from "../../reader/pack-fixture.ts";
import { get, RawSocket } from "./served.ts";
import { MOVIE, siteImage } from "./site-image.ts";

const SITE = { index: "index.html", listing: false, spa: false };

/** Serves an image; `steps` gets the iteration of the event loop of each step of verifying. */
async function serving(
  t: ExecutionContext,
  image: Uint8Array,
  { memoryBudget = 96 * 1024 * 1024, protectedTime = 0 },
) {
  const store = connect(memoryDevice(image));
  const steps: number[] = [];
  let iteration = 0;
  const turning = setInterval(() => {}, 1000);
  const nextTurn = () => {
    iteration++;
    next = setImmediate(nextTurn);
  };
  let next = setImmediate(nextTurn);
  const open = store.open.bind(store);
  store.open = (key) => {
    const blob = open(key);
    const verify = blob.verify.bind(blob);
    blob.verify = (limit) => {
      steps.push(iteration);
      return verify(limit);
    };
    return blob;
  };
  const connections = new Connections({ protectedTime, tick: 1 });
  const errors: string[] = [];
  const handler = new Handler(store, {
    ...{ site: SITE, hosts: undefined, memoryBudget },
    complain: (message) => errors.push(message),
    abortSlowestResponse: () => connections.abortSlowestResponse(),
  });
  const responses: ServerResponse[] = [];
  const server = boundedServer(connections, (request, response) => {
    responses.push(response);
    handler.handle(request, response);
  }).listen(0, "127.0.0.1");
  t.teardown(async () => {
    clearInterval(turning);
    clearImmediate(next);
    await close([server], connections);
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  /** How many answers wait for their client to take more. */
  const stuck = () => responses.filter(({ socket }) => (socket?.writableLength ?? 0) > 0).length;
  return { port, steps, errors, responses, stuck, socket: () => RawSocket.connect(t, port) };
}

const { image } = siteImage();
const MOVIES = `${"GET /movie.mp4 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20)}GET /docs/guide.txt HTTP/1.0\r\n\r\n`;

test("a response that its client does not take is aborted where another needs its memory", async (t) => {
  // Two movies in pieces fit, and nothing else.
  const { port, socket, stuck } = await serving(t, image, { memoryBudget: 2 * 448 * 1024 });
  const paused = [await socket(), await socket()];
  for (const raw of paused) {
    raw.pause();
    raw.write(MOVIES);
  }
  while (stuck() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const { status, body } = await get(port, "/docs/guide.txt");
  t.deepEqual([status, body.toString()], [200, "Read me first.\n"]);
  for (const raw of paused) raw.resume();
  const texts = await Promise.all(paused.map(({ closed }) => closed));
  t.is(texts.filter((text) => text.endsWith("\r\n\r\nRead me first.\n")).length, 1, "the other is cut");
  t.true(Math.max(...texts.map(({ length }) => length)) > 20 * MOVIE.length);
});

test("a response that its client has begun to take is not cut short; the next client gets 503", async (t) => {
  const limits = { memoryBudget: 2 * 448 * 1024, protectedTime: 3_600_000 };
  const { port, socket, stuck } = await serving(t, image, limits);
  const paused = [await socket(), await socket()];
  for (const raw of paused) {
    raw.pause();
    raw.write(MOVIES);
  }
  while (stuck() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const { status, headers } = await get(port, "/docs/guide.txt");
  t.deepEqual([status, headers["retry-after"]], [503, "1"]);
});

test("a large file is verified once for all who ask for it at once", async (t) => {
  const { port, steps, responses } = await serving(t, image, {});
  const heads = await Promise.all(Array.from({ length: 20 }, () => get(port, "/movie.mp4", {}, "HEAD")));
  t.true(heads.every(({ headers }) => headers["content-length"] === String(MOVIE.length)));
  t.is(responses.length, 20);
  const once = MOVIE.length / (256 * 1024);
  // Some more where clients come late; twice as many would be two that verify.
  t.true(steps.length >= once && steps.length < 2 * once, `${steps.length} steps of ${once}`);
});

test("all requests for a damaged file at once get an error", async (t) => {
  const bytes = Buffer.from(image);
  const sound = await serving(t, image, {});
  const { body } = await get(sound.port, "/movie.mp4", { "accept-encoding": "deflate" });
  bytes[bytes.indexOf(body) + body.length - 6]! ^= 1;
  const { port, errors } = await serving(t, bytes, {});
  const answers = await Promise.all(Array.from({ length: 10 }, () => get(port, "/movie.mp4")));
  t.true(answers.every(({ status }) => status === 500));
  t.is(errors.length, 10);
});

test("the verification of one large file of several goes on in an iteration of the event loop", async (t) => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const files = Object.fromEntries(
    names.map((name) => [name, whole("blob", Buffer.alloc(5 * 1024 * 1024, name))]),
  );
  const { port, steps } = await serving(t, makeImage(files), {});
  const heads = await Promise.all(names.map((name) => get(port, `/${name}`, {}, "HEAD")));
  t.true(heads.every(({ status }) => status === 200));
  t.true(steps.length >= 2 * names.length);
  t.is(new Set(steps).size, steps.length);
});

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { OPENINGS } from "../../../remote/cache/layout.ts";
import { openRemoteImage, type RemoteOptions } from "../../../remote/open.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { startReaders } from "../readers.ts";
import { address, answerRange, CONTENT, ENV, ETAG, startServer } from "./server.ts";

const BLOCK = 65_536;

/** What reading so many blocks prints. */
const digest = (blocks: number, content = CONTENT) =>
  createHash("sha256")
    .update(content.subarray(0, blocks * BLOCK))
    .digest("hex");

const readers = (t: ExecutionContext, count: number, args: (n: number) => string[]) =>
  startReaders(t, count, (n) => ({ args: args(n) }));

function ownCache(t: ExecutionContext): string {
  const folder = temporaryFolder(t);
  process.env.XDG_CACHE_HOME = folder;
  return join(folder, "docteur/blocks");
}

/** Opens and reads some blocks in this process. */
async function read(url: string, blocks = 1, options: RemoteOptions = {}): Promise<string> {
  await using image = await openRemoteImage(address(url), { env: ENV, deadline: 20, ...options });
  return createHash("sha256")
    .update(await image.read(0, blocks * BLOCK))
    .digest("hex");
}

/** As RFC 9110 has it: a condition comes before the range. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Record<string, string> = {},
): void {
  const etag = headers.etag ?? ETAG;
  if (request.headers["if-none-match"] !== etag) answerRange(request, response, { headers });
  else response.writeHead(304, { etag, ...headers }).end();
}

test.serial("processes that start at once open an image with one request", async (t) => {
  ownCache(t);
  const server = await startServer(t, (request, response) => answer(request, response));
  const printed = await readers(t, 16, () => [`${server.origin}/image`, "3"]);
  t.deepEqual(printed, Array(16).fill(digest(3)));
  t.is(server.requests.filter(({ headers }) => headers.range === "bytes=0-65535").length, 1);
  // Nothing comes twice.
  const firsts = server.requests.map(({ headers }) => headers.range!.replace(/-.*/, ""));
  t.is(new Set(firsts).size, firsts.length, firsts.join());
});

test.serial(
  "a command that is started later asks whether there is another image, by few bytes",
  async (t) => {
    ownCache(t);
    let etag = ETAG;
    let status = 0;
    const server = await startServer(t, (request, response) => {
      answer(request, response, { etag });
      status = response.statusCode;
    });
    const url = `${server.origin}/image`;
    t.deepEqual(await readers(t, 1, () => [url, "1"]), [digest(1)]);
    t.is(status, 206);
    t.deepEqual(await readers(t, 1, () => [url, "1"]), [digest(1)]);
    t.is(server.requests.length, 2);
    t.is(server.requests[1]?.headers["if-none-match"], ETAG);
    t.is(status, 304);
    // At once: nothing old is taken for it.
    etag = '"two"';
    t.deepEqual(await readers(t, 1, () => [url, "1"]), [digest(1)]);
    t.is(server.requests.length, 3);
    t.is(status, 206);
    // In one process, too.
    t.is(await read(url), digest(1));
    etag = '"three"';
    const before = server.requests.length;
    t.is(await read(url), digest(1));
    t.is(server.requests.length, before + 1);
    t.is(status, 206);
  },
);

test.serial("who has other credentials asks the server, and nothing written down tells of any", async (t) => {
  const folder = ownCache(t);
  const server = await startServer(t, (request, response) => {
    if (request.headers.authorization === "Bearer right-secret") answer(request, response);
    else response.writeHead(401).end();
  });
  const url = `${server.origin}/image?sig=SIGNED`;
  const tokens = ["right-secret", "wrong-secret", undefined];
  const printed = await readers(t, 6, (n) => [url, "1", tokens[n % 3] ?? "none"]);
  t.deepEqual(
    printed.map((line) => line.slice(0, 13)),
    [0, 1].flatMap(() => [digest(1).slice(0, 13), "SOURCE_DENIED", "SOURCE_DENIED"]),
  );
  const records = readdirSync(join(folder, OPENINGS));
  t.is(records.length, 1);
  const record = readFileSync(join(folder, OPENINGS, records[0]!), "utf8");
  t.notRegex(record + records[0], /secret|SIGNED|image|127/);
  t.regex(record, /"etag"/);
});

test.serial("a failure is not shared: each process finds out itself, and none waits in line", async (t) => {
  ownCache(t);
  const server = await startServer(t, (_request, response) => void response.writeHead(404).end());
  const printed = await readers(t, 4, () => [`${server.origin}/image`, "1"]);
  t.deepEqual(printed, Array(4).fill("SOURCE_NOT_FOUND"));
  t.is(server.requests.length, 4);
});

test.serial("what a server forbids to share is not shared", async (t) => {
  for (const value of ["no-cache", "max-age=0", "no-store", "max-age=60, no-cache"]) {
    const folder = ownCache(t);
    const headers = { "cache-control": value };
    const server = await startServer(t, (request, response) => answer(request, response, headers));
    const printed = await readers(t, 3, () => [`${server.origin}/image`, "1"]);
    t.deepEqual(printed, Array(3).fill(digest(1)));
    const openings = server.requests.filter((request) => request.headers.range === "bytes=0-65535");
    t.is(openings.length, 3, value);
    const kept = readdirSync(folder).filter((name) => /^[0-9a-f]{32}$/.test(name));
    t.is(kept.length, value === "no-store" ? 0 : 1, value);
  }
});

test.serial("an image that its server calls immutable is opened without a request", async (t) => {
  ownCache(t);
  const headers = { "cache-control": "public, max-age=3600, immutable" };
  const server = await startServer(t, (request, response) => answer(request, response, headers));
  const url = `${server.origin}/image`;
  for (let run = 0; run < 2; run++) t.deepEqual(await readers(t, 1, () => [url, "2"]), [digest(2)]);
  const before = server.requests.length;
  t.deepEqual(await readers(t, 2, () => [url, "2"]), [digest(2), digest(2)]);
  t.is(server.requests.length, before);
  // A process that opens it again wants to know: it may serve for a year.
  t.is(await read(url), digest(1));
  t.is(server.requests.length, before);
  t.is(await read(url), digest(1));
  t.is(server.requests.length, before + 1);
});

test.serial("a server that knows no conditions, or answers them wrong, is read all the same", async (t) => {
  const misbehaviours: Record<string, ((response: ServerResponse) => void) | undefined> = {
    ignored: undefined,
    "another tag": (response) => void response.writeHead(304, { etag: '"other"' }).end(),
    "no tag": (response) => void response.writeHead(304).end(),
    "412": (response) => void response.writeHead(412).end(),
  };
  for (const [name, misbehave] of Object.entries(misbehaviours)) {
    ownCache(t);
    const server = await startServer(t, (request, response) => {
      if (request.headers["if-none-match"] === undefined || misbehave === undefined)
        answerRange(request, response);
      else misbehave(response);
    });
    const url = `${server.origin}/image`;
    t.is(await read(url, 2), digest(2), name);
    t.is(await read(url, 2), digest(2), name);
  }
});

test.serial("a server that says 'unchanged' of what has changed is believed once", async (t) => {
  ownCache(t);
  let content = CONTENT;
  let etag = ETAG;
  const server = await startServer(t, (request, response) => {
    if (request.headers["if-none-match"] === ETAG) response.writeHead(304).end();
    else answerRange(request, response, { content, headers: { etag } });
  });
  const url = `${server.origin}/image`;
  t.is(await read(url), digest(1));
  content = Buffer.from(CONTENT).reverse();
  etag = '"two"';
  await t.throwsAsync(read(url, 20), { code: "SOURCE_CHANGED" });
  t.is(await read(url, 20), digest(20, content));
});

test.serial("what has no ranges, and what is dropped or damaged, is opened anew", async (t) => {
  const folder = ownCache(t);
  const small = CONTENT.subarray(0, 3 * BLOCK);
  const server = await startServer(t, (request, response) => {
    if (request.url === "/small")
      response.writeHead(200, { etag: ETAG, "content-length": small.length }).end(small);
    else answer(request, response);
  });
  for (let run = 0; run < 2; run++) t.is(await read(`${server.origin}/small`, 3), digest(3));
  const url = `${server.origin}/image`;
  t.is(await read(url), digest(1));
  {
    await using image = await openRemoteImage(address(url), { env: ENV });
    await image.read(0, 1);
    await image.forget();
  }
  t.is(await read(url), digest(1));
  t.is(server.requests.at(-1)?.headers["if-none-match"], undefined);
  const record = join(folder, OPENINGS, readdirSync(join(folder, OPENINGS))[0]!);
  for (const command of [
    "printf '{\"etag\":1}' >",
    "printf '{' >",
    ": >",
    "rm -f",
    "ln -sf /dev/zero",
    "rm -f",
  ]) {
    execFileSync("sh", ["-c", `${command} "$0"`, record]);
    t.is(await read(url), digest(1), command);
  }
});

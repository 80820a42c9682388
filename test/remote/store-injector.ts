/**
 * Reads files by the store, by its thread that fetches, from a server that flips bits, cuts, stalls and fails at
 * random. The commit is pinned: each file must have the right bytes, or reading it must fail with a code.
 *
 *     node test/remote/store-injector.ts [--runs 500] [--seed NUMBER]
 *
 * Prints the seed, and how the reads ended. Status 1 if one brought wrong bytes, or failed in another way.
 */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { makeImage } from "../../image-builder/index.ts";
import { Random } from "../fuzz/random.ts";
import type { ReaderTask } from "./store-reader.ts";
import { add, runInjector, type Tally } from "./tally.ts";

/** Threads that read; a read has another thread that fetches. */
const READERS = 4;

/** Seconds. */
const DEADLINE = 6;

const FILES = 40;

/** Makes runs, each of which opens the image and reads three files. */
export async function injectIntoStore(seed: number, count: number): Promise<Tally> {
  const tally: Tally = { ends: new Map(), faults: new Map(), wrong: [] };
  const folder = mkdtempSync(join(tmpdir(), "docteur-injector-"));
  const sockets = new Set<Socket>();
  const server = createServer();
  try {
    const { image, files } = await sample(folder);
    const content = readFileSync(image);
    const chances = new Map<string, Random>();
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const run = request.url!.slice(1);
      const random = chances.get(run) ?? new Random(seed + Number(run) * 7919);
      chances.set(run, random);
      const [, first = "0", last = "0"] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      const end = Math.min(Number(last) + 1, content.length);
      add(tally.faults, answer(response, content, Number(first), end, random));
    });
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const commit = content.toString("hex", 0, 20);
    await Promise.all(
      Array.from({ length: READERS }, async (_, reader) => {
        const runs = Array.from({ length: count }, (_, run) => run).filter((run) => run % READERS === reader);
        const task: ReaderTask = { url, commit, deadline: DEADLINE, runs, files };
        const worker = new Worker(new URL("./store-reader.ts", import.meta.url), { workerData: task });
        worker.on("message", ([run, end]: [number, string]) => {
          add(tally.ends, end.split("\n")[0]!);
          if (/^(wrong|failed)/.test(end)) tally.wrong.push(`run ${run} of seed ${seed}: ${end}`);
        });
        await once(worker, "exit");
      }),
    );
    return tally;
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An image of some blocks. */
async function sample(folder: string) {
  const source = join(folder, "source");
  const files: [string, string][] = [];
  for (let i = 0; i < FILES; i++) {
    const parent = join(`d${i % 5}`, `e${i % 3}`);
    mkdirSync(join(source, parent), { recursive: true });
    const bytes = Buffer.from(randomBytes(500 + i * 700).toString("base64"));
    writeFileSync(join(source, parent, `f${i}`), bytes);
    files.push([`/${parent}/f${i}`, createHash("sha256").update(bytes).digest("hex")]);
  }
  const image = join(folder, "image");
  await makeImage({ repository: source, image });
  return { image, files };
}

/** Answers a request, half of the time wrong. @returns what is wrong. */
function answer(
  response: ServerResponse,
  content: Buffer,
  first: number,
  end: number,
  random: Random,
): string {
  const body = Buffer.from(content.subarray(first, end));
  const send = (bytes = body, status = 206) => {
    response.writeHead(status, {
      etag: '"1"',
      "content-length": body.length,
      "content-range": `bytes ${first}-${end - 1}/${content.length}`,
    });
    return bytes;
  };
  if (random.once(2)) {
    response.end(send());
    return "none";
  }
  switch (random.below(5)) {
    case 0:
    case 1: {
      for (let bits = 1 + random.below(20); bits > 0; bits--)
        body[random.below(body.length)]! ^= 1 << random.below(8);
      response.end(send());
      return "bits";
    }
    case 2: {
      response.write(send().subarray(0, random.below(body.length)), () => response.socket?.resetAndDestroy());
      return "reset";
    }
    case 3: {
      response.writeHead(503, { "content-length": 0, "retry-after": "0" }).end();
      return "busy";
    }
    default: {
      if (!random.once(4)) {
        response.end(send());
        return "none";
      }
      response.write(send().subarray(0, random.below(body.length)));
      return "stall";
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runInjector(injectIntoStore, 500);

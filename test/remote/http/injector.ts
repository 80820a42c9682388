/**
 * Reads images from a server that does at random what servers, proxies and networks do wrong:
 *
 *     node test/remote/http/injector.ts [--runs 10000] [--seed NUMBER]
 *
 * Each read must bring the right bytes or end with a `SourceError`. Prints the seed, and how the reads ended.
 * Status 1 if one brought wrong bytes or failed in another way.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { SourceError } from "../../../reader/source-error.ts";
import { type HttpAddress, parseImageAddress } from "../../../remote/address.ts";
import { openHttpSource } from "../../../remote/http/http-source.ts";
import { Random } from "../../fuzz/random.ts";
import { add, runInjector, type Tally } from "../tally.ts";

const SECRET = "never-to-be-shown";

/** Seconds. A third of it is the longest silence, which undici measures in steps of half a second. */
const DEADLINE = 6;

/** Runs at once: most of them wait. */
const AT_ONCE = 48;

const BYTES = randomBytes(600_000);

/** What one run reads, and what befalls it. */
interface Run {
  readonly random: Random;
  readonly content: Buffer;
  /** A fault in so many answers; 0 for none. */
  readonly oneIn: number;
  readonly etag: string | undefined;
  readonly redirects: boolean;
  opened: boolean;
  /** What has happened to it, for the one who looks for the reason. */
  readonly log: string[];
}

interface Answer {
  status: string;
  headers: Record<string, string>;
  body: Buffer;
  /** Sends so many bytes of the whole answer and no more. */
  cut?: number;
  /** What happens then. */
  afterwards?: "reset" | "end" | "stall";
  /** Bytes that follow the answer. */
  extra?: Buffer;
  /** Sends the answer in pieces. */
  pieces?: number;
}

type Fault = (answer: Answer, random: Random, run: Run) => void;

const BUSY = ["408 x", "425 x", "429 x", "500 x", "502 x", "503 x", "504 x", "521 x"];

const FAULTS: Readonly<Record<string, Fault>> = {
  reset: cutting("reset"),
  end: cutting("end"),
  stall(answer, random, run) {
    // Rare, for it takes long.
    if (random.once(4)) cutting("stall")(answer, random, run);
  },
  "whole file": (answer, _, run) => {
    answer.status = "200 OK";
    answer.body = run.content;
    answer.headers = {
      ...answer.headers,
      "content-length": String(run.content.length),
      "accept-ranges": "bytes",
    };
    delete answer.headers["content-range"];
  },
  "wrong range": (answer, random) => {
    answer.headers["content-range"] = random.pick([
      "bytes 0-1/2",
      "bytes 7-",
      "",
      "bytes */9",
      "bytes 1-65536/600000",
    ]);
  },
  "other total": (answer, random, run) => {
    // The first answer's total is the size: nothing contradicts it then.
    if (!run.opened) return;
    answer.headers["content-range"] = answer.headers["content-range"]!.replace(
      /\d+$/,
      String(random.below(700_000)),
    );
  },
  "shifted range": (answer, _, run) => {
    const [first, last] = answer.headers["content-range"]!.match(/\d+/g)!.map(Number) as [number, number];
    answer.headers["content-range"] = `bytes ${first + 1}-${last + 1}/${run.content.length}`;
    answer.body = run.content.subarray(first + 1, last + 2);
  },
  "wrong length": (answer, random) => {
    answer.headers["content-length"] = String(
      Math.max(0, answer.body.length + random.pick([-1, 1, -100, 100])),
    );
    answer.afterwards = random.pick(["end", "reset"]);
  },
  "flipped digit of the length": (answer, random) => {
    const digits = [...answer.headers["content-length"]!];
    digits[random.below(digits.length)] = String(random.below(10));
    answer.headers["content-length"] = digits.join("");
    answer.afterwards = "end";
  },
  "short body in chunks": (answer, random) => {
    answer.body = answer.body.subarray(0, random.below(answer.body.length + 1));
    chunked(answer);
  },
  "long body in chunks": (answer) => {
    answer.body = Buffer.concat([answer.body, Buffer.from("more")]);
    chunked(answer);
  },
  chunks: (answer) => chunked(answer),
  trickle: (answer, random) => {
    answer.pieces = 1 + random.below(20);
  },
  "more after the answer": (answer, random) => {
    answer.extra = Buffer.from(
      random.pick([
        "x",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad",
        "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n",
      ]),
    );
  },
  gzip: (answer) => {
    answer.headers["content-encoding"] = "gzip";
  },
  busy: (answer, random) => {
    answer.status = random.pick(BUSY);
    answer.body = Buffer.from("busy");
    answer.headers = {
      "content-length": "4",
      ...(random.once(2) && { "retry-after": random.pick(["0", "0", "1", "x"]) }),
    };
  },
  "no content": (answer, random) => {
    answer.status = random.pick(["204 x", "304 x", "206 x", "100 x", "999 x"]);
    answer.body = Buffer.alloc(0);
  },
  "other tag": (answer, random) => {
    if (random.once(3)) answer.headers.etag = '"other"';
  },
  "no tag": (answer) => {
    delete answer.headers.etag;
  },
  garbage: (answer, random) => {
    answer.status = "\x00\xff";
    answer.body = random.bytes(50);
    answer.afterwards = "end";
  },
  loop: (answer) => {
    answer.status = "302 x";
    answer.headers = { location: `?sig=${SECRET}`, "content-length": "0" };
    answer.body = Buffer.alloc(0);
  },
};

function cutting(afterwards: "reset" | "end" | "stall"): Fault {
  return (answer, random) => {
    const length = head(answer).length + answer.body.length;
    // Often at the borders: before all, in the headers, around the body's first and last byte.
    const { length: inHead } = head(answer);
    answer.cut = random.pick([0, random.below(inHead), inHead, inHead + 1, random.below(length), length - 1]);
    answer.afterwards = afterwards;
  };
}

function chunked(answer: Answer): void {
  delete answer.headers["content-length"];
  answer.headers["transfer-encoding"] = "chunked";
  const size = answer.body.length.toString(16);
  answer.body = Buffer.concat([
    ...(answer.body.length > 0 ? [Buffer.from(`${size}\r\n`), answer.body, Buffer.from("\r\n")] : []),
    Buffer.from("0\r\n\r\n"),
  ]);
}

function head(answer: Answer): Buffer {
  const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${answer.status}\r\n${lines.join("")}\r\n`, "latin1");
}

/** The right answer to a request. */
function right(path: string, headers: string, run: Run): Answer {
  if (run.redirects && path.includes("/start?")) {
    return {
      status: "307 Temporary Redirect",
      headers: { location: path.replace("/start?", "/target?"), "content-length": "0" },
      body: Buffer.alloc(0),
    };
  }
  const total = run.content.length;
  const [, from, to] = /^range: bytes=(\d+)-(\d+)\r$/im.exec(headers)!;
  const first = Number(from);
  const last = Math.min(Number(to), total - 1);
  const none = first >= total;
  const body = none ? Buffer.alloc(0) : run.content.subarray(first, last + 1);
  return {
    status: none ? "416 Range Not Satisfiable" : "206 Partial Content",
    headers: {
      "content-length": String(body.length),
      "content-range": none ? `bytes */${total}` : `bytes ${first}-${last}/${total}`,
      ...(run.etag !== undefined && { etag: run.etag }),
    },
    body,
  };
}

async function send(socket: Socket, answer: Answer): Promise<void> {
  const whole = Buffer.concat([head(answer), answer.body, answer.extra ?? Buffer.alloc(0)]);
  const bytes = whole.subarray(0, answer.cut ?? whole.length);
  const size = Math.max(1, Math.ceil(bytes.length / (answer.pieces ?? 1)));
  for (let offset = 0; offset < bytes.length && !socket.destroyed; offset += size) {
    socket.write(bytes.subarray(offset, offset + size));
    if (answer.pieces !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (answer.afterwards === "reset") socket.resetAndDestroy();
  else if (answer.afterwards === "end") socket.end();
}

/** Makes runs, each with a seed of its own that follows from `seed`. */
export async function inject(seed: number, count: number): Promise<Tally> {
  const tally: Tally = { ends: new Map(), faults: new Map(), wrong: [] };
  const runs = new Map<string, Run>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (data) => {
      text += data.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const request = text.slice(0, end + 2);
        text = text.slice(end + 4);
        const path = request.split(" ")[1]!;
        const run = runs.get(path.split("/")[1]!);
        if (run === undefined) return socket.destroy();
        const answer = right(path, request, run);
        if (run.oneIn > 0 && run.random.once(run.oneIn)) {
          const name = run.random.pick(Object.keys(FAULTS));
          if (answer.headers["content-range"]?.includes("-") || /reset|end|stall|busy|garbage/.test(name)) {
            FAULTS[name]!(answer, run.random, run);
            run.log.push(name);
            add(tally.faults, name);
          }
        }
        void send(socket, answer);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  let next = 0;
  const work = async () => {
    while (next < count) {
      const number = next++;
      const run = makeRun(new Random(seed + number * 7919));
      runs.set(String(number), run);
      const wrong = await readAll(`http://127.0.0.1:${port}/${number}/start?sig=${SECRET}`, run, tally);
      if (wrong !== undefined)
        tally.wrong.push(`run ${number} of seed ${seed}: ${wrong} (${run.log.join(", ")})`);
      runs.delete(String(number));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, work));
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  return tally;
}

function makeRun(random: Random): Run {
  const start = random.below(BYTES.length);
  const length = random.once(10) ? random.below(3) : random.below(BYTES.length - start);
  return {
    random,
    content: BYTES.subarray(start, start + length),
    oneIn: random.pick([0, 1, 2, 2, 3, 3, 5, 10]),
    etag: random.pick(['"tag"', '"tag"', 'W/"tag"', undefined]),
    redirects: random.once(3),
    opened: false,
    log: [],
  };
}

/** Opens, reads some ranges, and closes. Returns what is wrong; nothing is if all went as it must. */
async function readAll(url: string, run: Run, tally: Tally): Promise<string | undefined> {
  const { content, random, oneIn } = run;
  const attempt = async (read: () => Promise<string | undefined>) => {
    try {
      const wrong = await read();
      add(tally.ends, wrong === undefined ? "right" : "wrong");
      return wrong;
    } catch (error) {
      if (!(error instanceof SourceError)) return `not a SourceError: ${(error as Error)?.stack}`;
      add(tally.ends, error.code);
      if (error.message.includes(SECRET) || error.message.includes("\n"))
        return `a message: ${error.message}`;
      // A machine under load may take longer than the deadline without any fault.
      return oneIn === 0 && error.code !== "SOURCE_TIMEOUT" ? `without a fault: ${error.message}` : undefined;
    }
  };
  return attempt(async () => {
    const start = 1 + random.below(70_000);
    const env = { HOME: "/nonexistent", DOCTEUR_TOKEN: SECRET };
    await using source = await openHttpSource(parseImageAddress(url) as HttpAddress, {
      env,
      start,
      deadline: DEADLINE,
    });
    run.opened = true;
    if (source.size !== content.length) return `size ${source.size} in place of ${content.length}`;
    if (!content.subarray(0, source.start.length).equals(source.start)) return "the first bytes are wrong";
    const ranges = Array.from({ length: 1 + random.below(4) }, () => {
      const offset = random.below(content.length + 1);
      return { offset, length: random.below(content.length - offset + 1) };
    });
    const read = ({ offset, length }: { offset: number; length: number }) =>
      attempt(async () => {
        const bytes = await source.read(offset, length);
        return content.subarray(offset, offset + length).equals(bytes)
          ? undefined
          : `wrong bytes at ${offset}`;
      });
    const results: (string | undefined)[] = [];
    if (random.once(2)) results.push(...(await Promise.all(ranges.map(read))));
    else for (const range of ranges) results.push(await read(range));
    return results.find((wrong) => wrong !== undefined);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runInjector(inject, 10_000);

import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ExecutionContext } from "ava";

/** As small as it can be: other tests are about servers. */
const PROGRAM = `
const fs = require("node:fs");
const file = fs.readFileSync(process.argv[1]);
const flipped = process.argv[2] === undefined ? [] : JSON.parse(process.argv[2]);
let requests = 0;
const server = require("node:http").createServer((request, response) => {
  if (request.url === "/requests") return void response.end(String(requests));
  requests++;
  if (!["/disk.img", "/unversioned.img"].includes(request.url)) return void response.writeHead(404).end();
  const [, first, last] = /^bytes=(\\d+)-(\\d+)$/.exec(request.headers.range);
  const end = Math.min(Number(last) + 1, file.length);
  const bytes = Buffer.from(file.subarray(Number(first), end));
  // Each time that it is sent, until there are no more times.
  for (const flip of flipped) {
    if (flip.at >= Number(first) && flip.at < end && flip.times-- > 0) bytes[flip.at - Number(first)] ^= 1;
  }
  response.writeHead(206, {
    ...(request.url === "/disk.img" && { etag: '"1"' }),
    "content-length": bytes.length,
    "content-range": "bytes " + first + "-" + (end - 1) + "/" + file.length,
  });
  response.end(bytes);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

/** Bytes that arrive wrong. */
export interface Flip {
  readonly at: number;
  /** How often. */
  readonly times: number;
}

/**
 * Serves a file by HTTP from a process of its own, so that this one may sleep while it waits.
 * @returns its URL. `/requests` of the same server says how many there were, and
 * `/unversioned.img` is the same without an entity tag.
 */
export async function startRangeServer(
  t: ExecutionContext,
  file: string,
  flips: readonly Flip[] = [],
): Promise<string> {
  const server = spawn(process.execPath, ["-e", PROGRAM, file, JSON.stringify(flips)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => server.kill("SIGKILL"));
  const [port] = (await once(server.stdout, "data")) as [Buffer];
  return `http://127.0.0.1:${Number(port.toString())}/disk.img`;
}

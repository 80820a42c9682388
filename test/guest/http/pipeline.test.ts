import test from "ava";
import fc from "fast-check";
import { served } from "./served.ts";
import { MOVIE, siteImage } from "./site-image.ts";

/** What a client may send, the status of the answer, and whether that is the last one. */
interface Sent {
  readonly bytes: string;
  readonly status: number;
  readonly isLast: boolean;
  readonly isHead: boolean;
}

const sent = (bytes: string, status: number, isLast = false): Sent => ({
  ...{ bytes, status, isLast },
  isHead: bytes.startsWith("HEAD"),
});

const request = (method: string, target: string, fields = "") =>
  `${method} ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

const asked = fc
  .tuple(
    fc.constantFrom("GET", "HEAD"),
    fc.constantFrom(["/docs/guide.txt", 200], ["/movie.mp4", 200], ["/story-1.txt", 200], ["/nope", 404]),
    fc.constantFrom(
      ["", false],
      ["", false],
      ["", false],
      ["Connection: close\r\n", true],
      ["Upgrade: h2c\r\nConnection: Upgrade\r\n", true],
      ["Expect: 100-continue\r\n", true],
    ),
  )
  .map(([method, [target, status], [fields, isLast]]) =>
    sent(request(method, target as string, fields as string), status as number, isLast as boolean),
  );

const other = fc.constantFrom(
  sent(request("POST", "/"), 405),
  sent(request("GET", "/movie.mp4", "Range: bytes=99999999-\r\n"), 416),
  sent(`${request("GET", "/docs/guide.txt", "Content-Length: 5\r\n")}abcde`, 200, true),
  sent(`${request("GET", "/", "Transfer-Encoding: chunked\r\n")}1\r\na\r\n0\r\n\r\n`, 200, true),
  sent(request("GET", "/", "Transfer-Encoding: xchunked\r\n"), 400, true),
  sent("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, true),
  sent("GET / HTTP/1.0\r\n\r\n", 200, true),
  sent("CONNECT a:22 HTTP/1.1\r\nHost: a\r\n\r\n", 405, true),
  sent("nonsense\r\n\r\n", 400, true),
);

const { image } = siteImage();

test("requests that arrive together, in any pieces, are answered in their order, up to the last", async (t) => {
  const { socket } = await served(t, image);
  const exchange = fc.tuple(
    fc.array(fc.oneof({ weight: 4, arbitrary: asked }, { weight: 1, arbitrary: other }), { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 10 }),
  );
  await fc.assert(
    fc.asyncProperty(exchange, async ([items, sizes]) => {
      const all = [...items, sent(request("GET", "/docs/guide.txt", "Connection: close\r\n"), 200, true)];
      const raw = await socket();
      let rest = all.map(({ bytes }) => bytes).join("");
      for (const size of sizes) {
        raw.write(rest.slice(0, size));
        rest = rest.slice(size);
        await new Promise((resolve) => setImmediate(resolve));
      }
      raw.write(rest);
      const expected = all.slice(0, all.findIndex(({ isLast }) => isLast) + 1);
      t.deepEqual(
        answers(await raw.closed, expected),
        expected.map(({ status }) => status),
      );
    }),
    { numRuns: 100 },
  );
});

/** Takes answers apart by their lengths. Gives their statuses, and 0 for what is none. */
function answers(text: string, requests: readonly Sent[]): number[] {
  const statuses: number[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\r\n\r\n", at);
    const head = text.slice(at, end);
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? [];
    const [, length] = /\r\nContent-Length: (\d+)/.exec(head) ?? [];
    if (status === undefined || length === undefined) return [...statuses, 0];
    const isHead = requests[statuses.length]?.isHead ?? false;
    statuses.push(Number(status));
    at = end + 4 + (isHead ? 0 : Number(length));
    if (at > text.length) return [...statuses, 0];
  }
  return statuses;
}

test("the parser of the property splits responses correctly", (t) => {
  const answer = (status: number, body: string) =>
    `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const get = sent(request("GET", "/"), 200);
  t.deepEqual(answers(answer(200, "a") + answer(404, "bc"), [get, get]), [200, 404]);
  t.deepEqual(answers(`${answer(200, "a")}b`, [get]), [200, 0]);
  t.deepEqual(answers(answer(200, MOVIE.toString("latin1")).slice(0, -1), [get]), [200, 0]);
});

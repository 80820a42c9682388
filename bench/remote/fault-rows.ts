import { type Exchange, type Fault, FaultServer } from "./fault-server.ts";

/** What may come of a fault: the right bytes, or a line that says this. */
export interface FaultRow {
  readonly name: string;
  readonly fault: Fault;
  /** Undefined: the right bytes. */
  readonly line?: RegExp | undefined;
  /** How many there are: what a program says of a damaged image comes with what to do. Default 1. */
  readonly lines?: number;
}

/** Does what a fault does to some of the requests, the first of which opens the image. */
const on =
  (which: (exchange: Exchange) => boolean, fault: Fault): Fault =>
  (exchange) =>
    which(exchange) ? fault(exchange) : exchange.answer();

const later = ({ number }: Exchange) => number > 1;
const once = ({ number }: Exchange) => number === 2;
const always = () => true;

const status =
  (code: number, headers: Record<string, string> = {}): Fault =>
  ({ response }) => {
    response.writeHead(code, { "content-length": 0, ...headers }).end();
  };

const cut: Fault = ({ response, socket, first, end, content }) => {
  const bytes = content.subarray(first, end);
  response.writeHead(206, {
    etag: '"one"',
    "content-length": bytes.length,
    "content-range": `bytes ${first}-${end - 1}/${content.length}`,
  });
  response.write(bytes.subarray(0, bytes.length >> 1), () => socket.resetAndDestroy());
};

const whole: Fault = ({ content, response }) => {
  response.writeHead(200, { etag: '"one"', "content-length": content.length, "accept-ranges": "bytes" });
  response.end(content);
};

const silence: Fault = ({ response, first, end, content }) => {
  response.writeHead(206, {
    etag: '"one"',
    "content-length": end - first,
    "content-range": `bytes ${first}-${end - 1}/${content.length}`,
  });
  response.write(content.subarray(first, first + 100));
};

const flipped: Fault = ({ answer, first, end, content }) => {
  const body = Buffer.from(content.subarray(first, end));
  for (let at = 100; at < body.length; at += 997) body[at]! ^= 0x10;
  answer({ body });
};

/** The server's part of the fault table. */
export async function faultRows(content: Buffer): Promise<{ rows: FaultRow[] } & AsyncDisposable> {
  const other = await FaultServer.start(content, ({ answer }) => answer());
  const redirect = status(302, { location: other.url });
  const shifted: Fault = ({ answer, first, end, content }) =>
    answer({
      headers: { "content-range": `bytes ${first + 1}-${end}/${content.length}` },
      body: content.subarray(first + 1, end + 1),
    });
  const rows: FaultRow[] = [
    { name: "503, five times", fault: on(({ number }) => number > 1 && number < 7, status(503)) },
    { name: "429 with Retry-After: 1", fault: on(once, status(429, { "retry-after": "1" })) },
    { name: "503 for ever, when it is opened", fault: status(503), line: /503/ },
    {
      name: "a connection reset within a body, each third",
      fault: on(({ number }) => number % 3 === 0, cut),
    },
    {
      name: "a connection reset before the answer",
      fault: on(once, ({ socket }) => socket.resetAndDestroy()),
    },
    { name: "all connections reset, later", fault: on(later, cut), line: /disk\.img/ },
    { name: "silence within a body, once", fault: on(once, silence) },
    { name: "200 in place of 206, once", fault: on(once, whole) },
    { name: "200 in place of 206, later", fault: on(later, whole), line: /whole file|HTTP 200/ },
    { name: "a range shifted by a byte, once", fault: on(once, shifted) },
    { name: "a range shifted by a byte, later", fault: on(later, shifted), line: /range|bytes/ },
    {
      name: "a body that is too short",
      fault: on(once, ({ answer, content, first, end }) =>
        answer({ body: content.subarray(first, end - 1) }),
      ),
    },
    {
      name: "bits that flip on the way, once",
      fault: on(({ number }) => number === 3, flipped),
      line: /drop|damaged/,
      lines: 2,
    },
    { name: "bits that are wrong at the source", fault: on(later, flipped), line: /drop|damaged/, lines: 2 },
    {
      name: "another image, later",
      fault: on(later, ({ answer }) => answer({ headers: { etag: '"two"' } })),
      line: /has changed/,
    },
    { name: "404, when it is opened", fault: status(404), line: /404/ },
    { name: "404, later", fault: on(later, status(404)), line: /404/ },
    { name: "401", fault: status(401), line: /401|credentials/i },
    { name: "403, later", fault: on(later, status(403)), line: /403/ },
    { name: "a redirect to another server, each time", fault: redirect },
    {
      name: "a redirect that never ends",
      fault: ({ request, response }) => void response.writeHead(302, { location: request.url }).end(),
      line: /leads/,
    },
    {
      name: "an answer that is compressed",
      fault: on(always, ({ answer }) => answer({ headers: { "content-encoding": "gzip" } })),
      line: /compressed/,
    },
    {
      name: "no ranges",
      fault: ({ response, content }) =>
        void response.writeHead(200, { "content-length": content.length }).end(content),
      line: /range/,
    },
    { name: "a server that says nothing", fault: () => {}, line: /disk\.img/ },
  ];
  return { rows, [Symbol.asyncDispose]: () => other[Symbol.asyncDispose]() };
}

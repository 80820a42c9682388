import { connect } from "node:net";

/** Milliseconds for an answer. */
const LIMIT_MS = 30_000;

/** What became of connections that came at once. */
export interface Burst {
  /** Milliseconds from the start of all connections to the end of each answer, in ascending order. */
  readonly times: readonly number[];
  /** Connections without a whole answer of status 200. */
  readonly unanswered: number;
}

/** Opens many connections in one turn of the event loop, asks once over each, and waits for all answers. */
export async function burst(url: string, count: number): Promise<Burst> {
  const { hostname, port, pathname } = new URL(url);
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`;
  const start = performance.now();
  const answers = Array.from({ length: count }, async () => {
    const answer = await ask(hostname, Number(port), request);
    return isWhole(answer) ? performance.now() - start : undefined;
  });
  const times = (await Promise.all(answers)).filter((time) => time !== undefined);
  return { times: times.sort((a, b) => a - b), unanswered: count - times.length };
}

/** @returns what came until the connection ended. */
function ask(host: string, port: number, request: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host, port }, () => socket.write(request));
    socket.setTimeout(LIMIT_MS, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.once("close", () => resolve(Buffer.concat(chunks)));
  });
}

function isWhole(answer: Buffer): boolean {
  const end = answer.indexOf("\r\n\r\n");
  const head = answer.toString("latin1", 0, end + 2);
  const length = /^content-length: (\d+)\r$/im.exec(head)?.[1];
  return /^HTTP\/1\.1 200 /.test(head) && answer.length - end - 4 === Number(length);
}

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Content } from "./contents.ts";
import type { Part } from "./range.ts";

/** Alternating names and values, as `writeHead` takes them. */
export type Headers = readonly string[];

const lengths = new WeakMap<ServerResponse, number>();

/** Bytes of content that a response announced, or has sent without; 0 if it has none. */
export function lengthOf(response: ServerResponse): number {
  return lengths.get(response) ?? 0;
}

/** Sends a response that is in memory; to a HEAD, its headers. */
export function sendBytes(
  response: ServerResponse,
  status: number,
  headers: Headers,
  body: Uint8Array,
): void {
  response.writeHead(status, [...headers, "Content-Length", String(body.length)]);
  if (response.req.method === "HEAD") response.end();
  else {
    lengths.set(response, body.length);
    response.end(body);
  }
}

/**
 * Sends a part of a content at the client's pace. Resolves when all of it is written to the socket, or the
 * client is gone.
 * @throws {InvalidImageError} if the image cannot be read; a part of the response may be sent by then.
 */
export function sendPart(
  response: ServerResponse,
  status: number,
  headers: Headers,
  content: Content,
  part: Part,
): Promise<void> {
  return sendPieces(response, status, headers, content.pieces(part), part.end - part.start);
}

/**
 * Sends pieces at the client's pace. Resolves when all of them are written to the socket, or the client is
 * gone.
 *
 * @param length bytes of all pieces together; undefined if nobody knows yet.
 * @throws what `pieces` throws; a part of the response may be sent by then.
 */
export async function sendPieces(
  response: ServerResponse,
  status: number,
  headers: Headers,
  pieces: AsyncIterable<Uint8Array>,
  length?: number,
): Promise<void> {
  const begin = () => {
    const size = length === undefined ? [] : ["Content-Length", String(length)];
    response.writeHead(status, [...headers, ...size]);
    lengths.set(response, length ?? 0);
  };
  for await (const piece of pieces) {
    if (response.destroyed) return;
    // Not before: what cannot be read at all gets another status.
    if (!response.headersSent) begin();
    if (length === undefined) lengths.set(response, lengthOf(response) + piece.length);
    if (response.write(piece)) continue;
    const gone = new AbortController();
    const leave = () => gone.abort();
    response.once("close", leave);
    await once(response, "drain", { signal: gone.signal }).catch(() => {});
    response.off("close", leave);
    if (response.destroyed) return;
  }
  if (response.destroyed) return;
  if (!response.headersSent) begin();
  response.end();
}

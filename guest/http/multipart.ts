import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Content } from "./contents.ts";
import type { Part } from "./range.ts";
import { type Headers, sendPieces } from "./send.ts";

/** How many times the work of one pass through a content its parts may take in the order of the request. */
const MAX_PASSES = 2;

/**
 * Sends several parts of a content (RFC 9110, sections 14.6 and 15.3.7.2), at the client's pace.
 *
 * @param headers of the complete content.
 * @param parts in the order of the request; see `inReadingOrder`.
 * @throws {InvalidImageError} if the image cannot be read; a part of the response may be sent by then.
 */
export async function sendParts(
  response: ServerResponse,
  headers: Headers,
  content: Content,
  parts: readonly Part[],
): Promise<void> {
  // No content can be made to contain 128 random bits.
  const boundary = randomBytes(16).toString("hex");
  const ordered = content.bytes === undefined ? inReadingOrder(parts) : parts;
  const type = headers.findIndex((field, index) => index % 2 === 0 && field === "Content-Type") + 1;
  const before = ordered.map(({ start, end }, index) =>
    Buffer.from(
      `${index === 0 ? "" : "\r\n"}--${boundary}\r\nContent-Type: ${headers[type]}\r\n` +
        `Content-Range: bytes ${start}-${end - 1}/${content.size}\r\n\r\n`,
    ),
  );
  const after = Buffer.from(`\r\n--${boundary}--\r\n`);
  let length = after.length;
  for (const [index, { start, end }] of ordered.entries()) length += before[index]!.length + end - start;
  const fields = headers.with(type, `multipart/byteranges; boundary=${boundary}`);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const [index, part] of ordered.entries()) {
      yield before[index]!;
      yield* content.pieces(part);
    }
    yield after;
  }
  await sendPieces(response, 206, fields, pieces(), length);
}

/**
 * The order in which parts are read of a content that passes by from its front: that of the request, unless
 * going back to the front again and again takes more than twice what a single pass does; then ascending. A
 * client must not rely on the order (RFC 9110, section 15.3.7.2).
 */
export function inReadingOrder(parts: readonly Part[]): readonly Part[] {
  const ascending = parts.toSorted((a, b) => a.start - b.start);
  return bytesPassed(parts) > MAX_PASSES * bytesPassed(ascending) ? ascending : parts;
}

/** Bytes that pass by while these parts are read one after the other. */
function bytesPassed(parts: readonly Part[]): number {
  let passed = 0;
  let position = 0;
  for (const { start, end } of parts) {
    passed += start < position ? end : end - position;
    position = end;
  }
  return passed;
}

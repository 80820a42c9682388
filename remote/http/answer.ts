import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { SourceError } from "../../reader/source-error.ts";
import { withoutSecrets } from "../address.ts";
import { malformed } from "./retry.ts";

/** What a server answers, once its redirects are followed. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Who answers: the request's URL, or the one that redirects have led to. */
  readonly url: URL;
  /** Whether that is another server than the request's, which got no credentials. */
  readonly elsewhere: boolean;
  /** What messages call it: the address, and where it has led to. */
  readonly display: string;
}

/** What messages call an answer: a redirect to another server is part of the explanation. */
export function answerDisplay(display: string, from: URL, to: URL): string {
  return to.origin === from.origin ? display : `${display} (which leads to ${withoutSecrets(to)})`;
}

/** A header as one text; undefined if the answer has none of that name. */
export function header(answer: Pick<HttpAnswer, "headers">, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === "string" || value === undefined ? value : value.join(", ");
}

/** `Content-Length`, in bytes; undefined if there is none, or none that is a number. */
export function contentLength(answer: Pick<HttpAnswer, "headers">): number | undefined {
  const text = header(answer, "content-length");
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * Requires the bytes as they are: an encoding has other lengths and offsets, and was not asked for.
 * @throws {TryAgain} `SOURCE_MALFORMED`.
 */
export function requireIdentity(answer: HttpAnswer): void {
  const encoding = header(answer, "content-encoding")?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== "" && encoding !== "identity") {
    throw malformed(answer.display, "sends the file compressed, which it was not asked for");
  }
}

/**
 * Reads a body that has exactly `length` bytes.
 * @throws {TryAgain} `SOURCE_MALFORMED`: it has fewer or more.
 */
export async function readExactly(answer: HttpAnswer, length: number): Promise<Uint8Array> {
  const announced = contentLength(answer);
  if (announced !== undefined && announced !== length) {
    throw malformed(answer.display, `announces ${announced} bytes, where ${length} were asked for`);
  }
  const bytes = new Uint8Array(length);
  let end = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    if (end + chunk.length > length)
      throw malformed(answer.display, `sends more than the ${length} bytes asked for`);
    bytes.set(chunk, end);
    end += chunk.length;
  }
  if (end < length) throw malformed(answer.display, `sends ${end} of the ${length} bytes asked for`);
  return bytes;
}

/**
 * Reads a whole body, such as a manifest.
 * @throws {SourceError} `SOURCE_UNSUPPORTED`: it has more than `maximum` bytes.
 */
export async function readBody(answer: HttpAnswer, maximum: number): Promise<Uint8Array> {
  const tooLong = () =>
    new SourceError("SOURCE_UNSUPPORTED", `${answer.display}: sends more than ${maximum} bytes`);
  if ((contentLength(answer) ?? 0) > maximum) throw tooLong();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maximum) throw tooLong();
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

import { STATUS_CODES } from "node:http";
import { gzipSync } from "node:zlib";
import { escapeHtml, page } from "./html.ts";
import { ABOUT } from "./site.ts";

/** The explanation under the status. */
const WHY: Readonly<Record<number, string>> = {
  400: "The request or its address is not well-formed.",
  404: "The image has no file or page at this address.",
  405: "This server supports GET, HEAD and OPTIONS only: the image is read-only.",
  412: "The file does not match the If-Match field of the request.",
  416: "The range is outside the file.",
  417: "This server supports no expectation but 100-continue.",
  421: "This server does not serve that host; serve --host NAME adds one.",
  431: "The request has too many header fields.",
  500: "The server cannot send this. Its standard error says why.",
  501: "This server supports no transfer coding but chunked.",
  503: "The server is busy. Try again in a moment.",
  505: "This server speaks HTTP/1.1.",
};

/** The page of a response that is an error. @param why the explanation. Default: that of the status. */
export function errorPage(status: number, why = WHY[status] ?? ""): Buffer {
  const title = `${status} ${STATUS_CODES[status] ?? ""}`;
  return page(
    title,
    `<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(why)}</p>
<footer><a href="/">To the start</a> · <a href="/${ABOUT}/">about this image</a></footer>`,
  );
}

/** Pages by status and explanation, compressed; the server has some twenty of them. */
const compressed = new Map<string, Uint8Array>();
const MAX_COMPRESSED = 64;

/** The gzip stream of such a page (RFC 1952), compressed once. */
export function gzipErrorPage(status: number, why?: string): Uint8Array {
  const key = `${status} ${why ?? ""}`;
  let stream = compressed.get(key);
  if (stream === undefined) {
    stream = gzipSync(errorPage(status, why));
    if (compressed.size === MAX_COMPRESSED) compressed.clear();
    compressed.set(key, stream);
  }
  return stream;
}

import { STATUS_CODES } from "node:http";
import { escapeHtml, page } from "./html.ts";
import { ABOUT } from "./site.ts";

/** What a person reads under the status, for those that need saying. */
const WHY: Readonly<Record<number, string>> = {
  400: "The request or its address is not well-formed.",
  404: "The image has nothing here that can be shown.",
  405: "This server reads a read-only image: GET, HEAD and OPTIONS are all it does.",
  412: "What the request depends on is not so.",
  416: "The file has no such part.",
  417: "This server meets no expectation but 100-continue.",
  421: "This server does not answer for that host; serve --host NAME adds one.",
  431: "The request has too many header fields.",
  500: "This cannot be sent; the server has told its user why.",
  501: "This server understands no transfer coding but chunked.",
  503: "Too much is being sent at the moment. Try again in a moment.",
  505: "This server speaks HTTP/1.1.",
};

/** The page of an answer that is an error. `why` is told instead of what usually is the matter. */
export function errorPage(status: number, why = WHY[status] ?? ""): Buffer {
  const title = `${status} ${STATUS_CODES[status] ?? ""}`;
  return page(
    title,
    `<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(why)}</p>
<footer><a href="/">To the start</a> · <a href="/${ABOUT}/">about this image</a></footer>`,
  );
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { DocteurError, InvalidImageError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import { aboutPage } from "./about-page.ts";
import { takeCensus } from "./census.ts";
import { prefersDeflate } from "./coding.ts";
import { allowsRange, evaluate, type Validators } from "./conditions.ts";
import { type Content, Contents, footprint, wholeContent } from "./contents.ts";
import { errorPage } from "./error-page.ts";
import { deflateTag, identityTag, pageTag } from "./etag.ts";
import { folderPage, MAX_PAGE } from "./folder-page.ts";
import { HeldMemory } from "./held-memory.ts";
import { PAGE_POLICY } from "./html.ts";
import { formatHttpDate } from "./http-date.ts";
import { parseRange } from "./range.ts";
import { type Headers, sendBytes, sendPart } from "./send.ts";
import { type FileResource, type Resource, Site, type SiteOptions } from "./site.ts";

/** Bytes of contents that answers may keep at once, for clients that read slowly. */
const MAX_HELD = 96 * 1024 * 1024;

const ALLOW = "GET, HEAD, OPTIONS";

/** On every answer: what a browser has may be of another image by now, and it must not guess what something is. */
const COMMON: Headers = ["Cache-Control", "no-cache", "X-Content-Type-Options", "nosniff"];

const PAGE_HEADERS: Headers = [
  ...COMMON,
  ...["Content-Type", "text/html; charset=utf-8", "Content-Security-Policy", PAGE_POLICY],
];

/** Answers requests with what is in an image (RFC 9110). */
export class Handler {
  readonly #store: Store;
  readonly #site: Site;
  readonly #contents: Contents;
  readonly #held = new HeldMemory(MAX_HELD);
  readonly #complain: (message: string) => void;
  readonly #modified: number;
  #about: Promise<Buffer> | undefined;

  /** @param complain told, in a line, what cannot be read of the image. */
  constructor(store: Store, options: SiteOptions, complain: (message: string) => void) {
    this.#store = store;
    this.#site = new Site(store, options);
    this.#contents = new Contents(store);
    this.#complain = complain;
    this.#modified = store.commit.committer.date;
  }

  /** Answers one request; whatever goes wrong becomes an answer, or the end of the connection. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#answer(request, response)?.catch((error) => this.#fail(request, response, error));
    } catch (error) {
      this.#fail(request, response, error);
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
    const { method, url = "" } = request;
    // Nobody reads a body here, so that no other request can follow it.
    if (hasBody(request)) response.shouldKeepAlive = false;
    if (hasManyHosts(request)) return sendError(response, 400);
    if (method === "OPTIONS") {
      response.writeHead(204, [...COMMON, "Allow", ALLOW]).end();
      return undefined;
    }
    if (method !== "GET" && method !== "HEAD") return sendError(response, 405, ["Allow", ALLOW]);
    return this.#give(request, response, this.#site.find(url));
  }

  #give(request: IncomingMessage, response: ServerResponse, resource: Resource): Promise<void> | undefined {
    switch (resource.kind) {
      case "file":
        return this.#giveFile(request, response, resource);
      case "folder":
        if (!this.#held.hasRoom(MAX_PAGE)) return sendError(response, 503, ["Retry-After", "1"]);
        return this.#givePage(request, response, folderPage(this.#store, resource.path, resource.names));
      case "about":
        this.#about ??= this.#makeAbout();
        return this.#about.then((page) => this.#givePage(request, response, page));
      case "redirect":
        sendBytes(response, 301, [...COMMON, "Location", resource.location], EMPTY);
        return undefined;
      case "missing":
        return sendError(response, 404);
      case "malformed":
        return sendError(response, 400);
    }
  }

  async #makeAbout(): Promise<Buffer> {
    try {
      return aboutPage(this.#store, await takeCensus(this.#store));
    } catch (error) {
      this.#about = undefined;
      throw error;
    }
  }

  /** A page that was made for the occasion; it has no date of its own. */
  #givePage(request: IncomingMessage, response: ServerResponse, page: Buffer): undefined {
    if (response.destroyed) return;
    const tag = pageTag(page);
    const verdict = evaluate(request.headers, { tag, modified: undefined });
    if (verdict === 304) response.writeHead(304, [...COMMON, "ETag", tag]).end();
    else if (verdict === 412) sendError(response, 412);
    else {
      response.once("close", this.#held.hold(page, page.length));
      sendBytes(response, 200, [...PAGE_HEADERS, "ETag", tag], page);
    }
  }

  #giveFile(
    request: IncomingMessage,
    response: ServerResponse,
    file: FileResource,
  ): Promise<void> | undefined {
    const { headers, method } = request;
    const range = method === "GET" ? headers.range : undefined;
    // A part is one of the file as it is, wherever that is to be had.
    const compressed = file.isWhole && range === undefined && prefersDeflate(headers["accept-encoding"]);
    const tag = compressed ? deflateTag(file.id) : identityTag(file.id);
    const now = Math.floor(Date.now() / 1000);
    // A date to come would be taken for a mistake (RFC 9110, section 8.8.2.1).
    const modified = Math.min(this.#modified, now);
    const validators: Validators = { tag, modified };
    const fields = [...COMMON, "ETag", tag];
    const date = formatHttpDate(modified);
    if (date !== undefined) fields.push("Last-Modified", date);
    if (file.isWhole) fields.push("Vary", "Accept-Encoding");

    const verdict = evaluate(headers, validators);
    if (verdict === 304) {
      response.writeHead(304, fields).end();
      return undefined;
    }
    if (verdict === 412) return sendError(response, 412);
    fields.push("Content-Type", file.type, "Accept-Ranges", "bytes");
    if (compressed) fields.push("Content-Encoding", "deflate");
    if (method === "HEAD") {
      // How long the stream is, only inflating it tells.
      const size = compressed ? this.#contents.compressedSize(file) : file.size;
      response
        .writeHead(200, size === undefined ? fields : [...fields, "Content-Length", String(size)])
        .end();
      return undefined;
    }
    const usesRange = range !== undefined && allowsRange(headers["if-range"]?.toString(), validators, now);
    const part = usesRange ? parseRange(range, file.size) : undefined;
    if (part === "unsatisfiable") {
      return sendError(response, 416, ["Content-Range", `bytes */${file.size}`]);
    }
    if (part !== undefined) fields.push("Content-Range", `bytes ${part.start}-${part.end - 1}/${file.size}`);
    const send = (content: Content) =>
      this.#send(response, part === undefined ? 200 : 206, fields, content, part);
    const cached = this.#contents.cached(file, compressed);
    if (cached !== undefined) return send(wholeContent(cached));
    if (!this.#held.hasRoom(footprint(file))) return sendError(response, 503, ["Retry-After", "1"]);
    const release = this.#held.hold(file, footprint(file));
    const content = compressed
      ? this.#contents.compressed(file)
      : this.#contents.identity(file, () => !response.destroyed);
    return content.finally(release).then(send);
  }

  /** Sends a content, or a part of it, and holds it until the client has it or is gone. */
  #send(
    response: ServerResponse,
    status: number,
    headers: Headers,
    content: Content,
    part = { start: 0, end: content.size },
  ): Promise<void> | undefined {
    const { whole } = content;
    if (response.destroyed) {
      content.close();
      return undefined;
    }
    const release = this.#held.hold(whole ?? content, content.footprint);
    response.once("close", () => {
      release();
      content.close();
    });
    if (whole === undefined) return sendPart(response, status, headers, content, part);
    sendBytes(response, status, headers, whole.subarray(part.start, part.end));
    return undefined;
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (error instanceof DocteurError && error.code === "QUEUE_FULL" && !response.headersSent) {
      sendError(response, 503, ["Retry-After", "1"]);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    if (!response.destroyed) this.#complain(`${request.url}: ${message}`);
    // An answer that has begun can only be cut short: then its length tells that it is not whole.
    if (response.headersSent) response.destroy();
    else sendError(response, 500, [], error instanceof InvalidImageError ? DAMAGED : undefined);
  }
}

const EMPTY = new Uint8Array();

const DAMAGED = "The image is damaged here, and nothing of it was sent.";

function sendError(response: ServerResponse, status: number, more: Headers = [], why?: string): undefined {
  sendBytes(response, status, [...PAGE_HEADERS, ...more], errorPage(status, why));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Node keeps the first of several; which one was meant, nobody knows (RFC 9112, section 3.2). */
function hasManyHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === "host") hosts++;
  }
  return hosts > 1;
}

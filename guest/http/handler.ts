import type { IncomingMessage, ServerResponse } from "node:http";
import { DocteurError, InvalidImageError } from "../../reader/errors.ts";
import type { Store } from "../../reader/store/store.ts";
import { aboutPage } from "./about-page.ts";
import { type Coding, preferredCoding } from "./coding.ts";
import { codingsOf, GZIP, madeCodings } from "./codings-of.ts";
import { Compressor } from "./compressor.ts";
import { allowsRange, evaluate } from "./conditions.ts";
import { type Content, Contents, contentInMemory, memorySizeOf } from "./contents.ts";
import { type Download, Downloads } from "./downloads.ts";
import { errorPage, gzipErrorPage } from "./error-page.ts";
import { blobTag, gzipPageTag, pageTag } from "./etag.ts";
import { folderPage, MAX_PAGE } from "./folder-page.ts";
import { PAGE_POLICY } from "./html.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { sendParts } from "./multipart.ts";
import { objectCounts } from "./object-counts.ts";
import { type Part, parseRange } from "./range.ts";
import { RequestCheck } from "./request-fault.ts";
import { COMMON } from "./rules/response-fields.ts";
import { type Headers, sendBytes, sendPart } from "./send.ts";
import { type FileResource, type Resource, Site, type SiteOptions } from "./site.ts";

/** Bytes of memory for contents that clients have not read yet. */
const MEMORY_BUDGET = 96 * 1024 * 1024;

const ALLOW = "GET, HEAD, OPTIONS";

const PAGE_TYPE = "text/html; charset=utf-8";

const PAGE_HEADERS: Headers = [
  ...COMMON,
  ...["Content-Type", PAGE_TYPE, "Content-Security-Policy", PAGE_POLICY],
];

const VARY: Headers = ["Vary", "Accept-Encoding"];

export interface HandlerOptions {
  readonly site: SiteOptions;
  /** The hosts that are served, as `hostOf` spells them. Default: all. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** Whether folders are sent as archives on request. Default: no. */
  readonly downloads?: boolean;
  /** Bytes of memory for contents that clients have not read yet. Default 96 MiB. */
  readonly memoryBudget?: number;
  /** Milliseconds of the clock by which compressing is limited. Default `performance.now`. */
  readonly now?: () => number;
  /** Receives a line for each part of the image that cannot be read. */
  complain(message: string): void;
  /** Aborts a response to release its memory; false if there is none to abort. */
  abortSlowestResponse(): Promise<boolean>;
}

/** Answers requests from an image (RFC 9110). */
export class Handler {
  readonly #store: Store;
  readonly #check: RequestCheck;
  readonly #site: Site;
  readonly #compressor: Compressor;
  readonly #contents: Contents;
  readonly #memory: MemoryBudget;
  readonly #downloads: Downloads | undefined;
  readonly #options: HandlerOptions;
  /** Contents that are being read and verified, by object id, and the responses that wait for them. */
  readonly #verifying = new Map<string, { reading: Promise<unknown>; waiting: Set<ServerResponse> }>();
  #about: Promise<Buffer> | undefined;

  constructor(store: Store, options: HandlerOptions) {
    this.#store = store;
    this.#check = new RequestCheck(options.hosts);
    this.#site = new Site(store, options.site);
    this.#compressor = new Compressor(options.now);
    this.#contents = new Contents(store, this.#compressor);
    this.#memory = new MemoryBudget(options.memoryBudget ?? MEMORY_BUDGET);
    this.#options = options;
    if (options.downloads === true) {
      this.#downloads = new Downloads(store, {
        contents: this.#contents,
        memory: this.#memory,
        abortSlowestResponse: () => options.abortSlowestResponse(),
      });
    }
  }

  /** Answers one request. An error becomes a response, or ends the connection if the response has begun. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#answer(request, response)?.catch((error) => this.#fail(request, response, error));
    } catch (error) {
      this.#fail(request, response, error);
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
    const { method, url = "" } = request;
    const fault = this.#check.fault(request);
    if (fault !== undefined) {
      // What follows a malformed request may be part of it.
      response.shouldKeepAlive = false;
      return sendError(response, fault);
    }
    if (method === "OPTIONS") {
      response.writeHead(204, [...COMMON, "Allow", ALLOW]).end();
      return undefined;
    }
    if (method !== "GET" && method !== "HEAD") return sendError(response, 405, ["Allow", ALLOW]);
    const download = this.#downloads?.find(url);
    if (download !== undefined) return this.#giveDownload(request, response, download);
    return this.#give(request, response, this.#site.find(url));
  }

  #give(request: IncomingMessage, response: ServerResponse, resource: Resource): Promise<void> | undefined {
    switch (resource.kind) {
      case "file":
        return this.#giveFile(request, response, resource);
      case "folder":
        if (!this.#memory.fits(MAX_PAGE)) return sendError(response, 503, ["Retry-After", "1"]);
        return this.#givePage(
          request,
          response,
          folderPage(this.#store, resource.path, resource.names, this.#downloads !== undefined),
          resource.fields.list,
        );
      case "about":
        this.#about ??= this.#makeAbout();
        return this.#about.then((page) => this.#givePage(request, response, page));
      case "redirect":
        sendBytes(response, resource.status, [...COMMON, "Location", resource.location], EMPTY);
        return undefined;
      case "missing":
        if (resource.page !== undefined) return this.#giveMissing(request, response, resource.page);
        return sendError(response, 404, resource.fields.list);
      case "malformed":
        return sendError(response, 400);
    }
  }

  async #giveDownload(request: IncomingMessage, response: ServerResponse, download: Download): Promise<void> {
    const refusal = await this.#downloads!.answer(request, response, COMMON, download);
    if (refusal !== undefined) sendError(response, refusal, refusal === 503 ? ["Retry-After", "10"] : []);
  }

  async #makeAbout(): Promise<Buffer> {
    try {
      return aboutPage(this.#store, await objectCounts(this.#store));
    } catch (error) {
      this.#about = undefined;
      throw error;
    }
  }

  /** Sends a page that the server made. @param more header fields. */
  #givePage(
    request: IncomingMessage,
    response: ServerResponse,
    page: Buffer,
    more: Headers = [],
    coding = preferredCoding(request.headers["accept-encoding"], madeCodings(PAGE_TYPE, page.length)),
  ): Promise<void> | undefined {
    if (response.destroyed) return undefined;
    const isGzip = coding === "gzip";
    const tag = isGzip ? gzipPageTag(pageTag(page)) : pageTag(page);
    const fields = [...more, ...VARY, "ETag", tag];
    const verdict = evaluate(request.headers, tag);
    if (verdict === 304) response.writeHead(304, [...COMMON, ...fields]).end();
    else if (verdict === 412) sendError(response, 412);
    else if (!isGzip) this.#sendPage(response, [...PAGE_HEADERS, ...fields], page);
    else {
      // Not by the page, which others may be sending as it is.
      const release = this.#memory.take(response, 2 * page.length);
      return this.#compressor
        .gzip(tag, page)
        .finally(release)
        .then((stream) => {
          if (stream === undefined) return this.#givePage(request, response, page, more, "identity");
          return this.#sendPage(response, [...PAGE_HEADERS, ...fields, "Content-Encoding", coding], stream);
        });
    }
    return undefined;
  }

  #sendPage(response: ServerResponse, fields: Headers, bytes: Uint8Array): undefined {
    if (response.destroyed) return;
    response.once("close", this.#memory.take(bytes, bytes.length));
    sendBytes(response, 200, fields, bytes);
  }

  /** Sends the site's page for what is missing: no tag, no conditions and no ranges, as of another error. */
  #giveMissing(
    request: IncomingMessage,
    response: ServerResponse,
    page: FileResource,
  ): Promise<void> | undefined {
    const fields = [...page.fields.list, "Content-Type", page.type];
    return this.#useContent(request, response, page, "identity", (content) => {
      if (request.method !== "HEAD") return this.#send(response, fields, content, undefined, 404);
      content.close();
      return sendLength(response, fields, content.size, 404);
    });
  }

  /** Sends a file. @param canCompress false if the server cannot compress the file now. */
  #giveFile(
    request: IncomingMessage,
    response: ServerResponse,
    file: FileResource,
    canCompress = true,
  ): Promise<void> | undefined {
    const { headers, method } = request;
    const range = method === "GET" ? headers.range : undefined;
    const codings = codingsOf(file);
    // A range is one of the file as it is.
    const isPlain = range !== undefined || !canCompress;
    const coding = isPlain ? "identity" : preferredCoding(headers["accept-encoding"], codings);
    const tag = blobTag(file.id, coding);
    const fields = [...file.fields.list, "ETag", tag];
    if (codings.length > 0) fields.push("Vary", "Accept-Encoding");

    const verdict = evaluate(headers, tag);
    if (verdict === 304) {
      response.writeHead(304, fields).end();
      return undefined;
    }
    if (verdict === 412) return sendError(response, 412);
    fields.push("Content-Type", file.type, "Accept-Ranges", "bytes");
    if (coding !== "identity") fields.push("Content-Encoding", coding);
    const parts = range !== undefined && allowsRange(headers, tag) ? parseRange(range, file.size) : undefined;
    if (method !== "HEAD" && parts !== "unsatisfiable") {
      return this.#useContent(request, response, file, coding, (content) =>
        this.#send(response, fields, content, parts),
      );
    }
    const sendHead = (size: number) =>
      parts === "unsatisfiable"
        ? sendError(response, 416, ["Content-Range", `bytes */${size}`])
        : sendLength(response, fields, size);
    // The sizes in an image's entries are claims, and are not sent before the content is verified.
    const size = this.#contents.verifiedSize(file, coding);
    if (size !== undefined) return sendHead(size);
    return this.#useContent(request, response, file, coding, (content) => {
      content.close();
      return sendHead(content.size);
    });
  }

  /**
   * Passes a verified content to `use`, at once if it is cached. Sends the file as it is if it cannot be
   * compressed, and responds with 503 if there is no memory.
   */
  #useContent(
    request: IncomingMessage,
    response: ServerResponse,
    file: FileResource,
    coding: Coding,
    use: (content: Content) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    const cached = this.#contents.cached(file, coding);
    if (cached !== undefined) return use(contentInMemory(cached));
    return this.#read(response, file, coding).then((content) => {
      if (content === "busy") return sendError(response, 503, ["Retry-After", "1"]);
      return content === undefined ? this.#giveFile(request, response, file, false) : use(content);
    });
  }

  /**
   * Reads and verifies a content: `busy` if other responses leave no memory for it, undefined if it cannot be
   * compressed.
   */
  async #read(
    response: ServerResponse,
    file: FileResource,
    coding: Coding,
  ): Promise<Content | "busy" | undefined> {
    // Requests for a file that is being verified wait for the result.
    while (this.#contents.verifiedSize(file, coding) === undefined) {
      const verifying = this.#verifying.get(file.id);
      if (verifying === undefined) break;
      verifying.waiting.add(response);
      await verifying.reading;
    }
    const cached = this.#contents.cached(file, coding);
    if (cached !== undefined) return contentInMemory(cached);
    const isMade = coding !== "identity" && !file.isUndeltified;
    // What is compressed, and what comes out.
    const memorySize = isMade ? 2 * file.size : memorySizeOf(file);
    while (!this.#memory.fits(memorySize)) {
      if (!(await this.#options.abortSlowestResponse())) return "busy";
    }
    const release = this.#memory.take(isMade ? response : file, memorySize);
    const waiting = new Set([response]);
    const isWanted = () => [...waiting].some((each) => !each.destroyed);
    const reading = this.#contents.open(file, coding, isWanted);
    const isFirst = !this.#verifying.has(file.id);
    if (isFirst) this.#verifying.set(file.id, { reading, waiting });
    try {
      return await reading;
    } finally {
      release();
      if (isFirst) this.#verifying.delete(file.id);
    }
  }

  /** Sends a content, or parts of it, and keeps it until the client has it or is gone. */
  #send(
    response: ServerResponse,
    fields: Headers,
    content: Content,
    parts: readonly Part[] | undefined,
    wholeStatus = 200,
  ): Promise<void> | undefined {
    const { bytes, size } = content;
    if (response.destroyed) {
      content.close();
      return undefined;
    }
    const release = this.#memory.take(bytes ?? content, content.memorySize);
    response.on("close", () => {
      release();
      content.close();
    });
    if (parts !== undefined && parts.length > 1) return sendParts(response, fields, content, parts);
    const part = parts?.[0];
    const { start, end } = part ?? { start: 0, end: size };
    const status = part === undefined ? wholeStatus : 206;
    const headers =
      part === undefined ? fields : [...fields, "Content-Range", `bytes ${start}-${end - 1}/${size}`];
    if (bytes === undefined) return sendPart(response, status, headers, content, { start, end });
    sendBytes(response, status, headers, bytes.subarray(start, end));
    return undefined;
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (error instanceof DocteurError && error.code === "QUEUE_FULL" && !response.headersSent) {
      sendError(response, 503, ["Retry-After", "1"]);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    if (!response.destroyed) this.#options.complain(`${request.url}: ${message}`);
    // A response that has begun can only be cut short. Its `Content-Length` then shows that it is incomplete.
    if (response.headersSent) response.destroy();
    else sendError(response, 500, [], error instanceof InvalidImageError ? DAMAGED : undefined);
  }
}

const EMPTY = new Uint8Array();

const DAMAGED = "The image is damaged here. The server sent nothing of the file.";

/** Answers a HEAD. @param size bytes of the content that a GET gets. */
function sendLength(response: ServerResponse, headers: Headers, size: number, status = 200): undefined {
  response.writeHead(status, [...headers, "Content-Length", String(size)]).end();
}

function sendError(response: ServerResponse, status: number, more: Headers = [], why?: string): undefined {
  const isGzip = preferredCoding(response.req.headers["accept-encoding"], GZIP) === "gzip";
  const fields = [...PAGE_HEADERS, ...VARY, ...(isGzip ? ["Content-Encoding", "gzip"] : []), ...more];
  sendBytes(response, status, fields, isGzip ? gzipErrorPage(status, why) : errorPage(status, why));
}

import { SourceError } from "../source-error.ts";
import { contentLength, type HttpAnswer, header, readBody, readExactly, requireIdentity } from "./answer.ts";
import type { Authorization, HttpClient, HttpRequest } from "./client.ts";
import { parseContentRange } from "./content-range.ts";
import { malformed, TryAgain } from "./retry.ts";
import { type CredentialHint, requireStatus } from "./status.ts";
import { compareVersions, strongTag, type Version, versionOf } from "./version.ts";

/** Attempts at opening: a wrong address is told soon, whereas a read that is under way waits for its server. */
const OPENING_ATTEMPTS = 6;

/** Bytes up to which a file is read whole from a server that answers no ranges. */
const WHOLE = 1_048_576;

/** Statuses with which a server refuses a presigned URL that has expired, or that has gone. */
const EXPIRED: readonly number[] = [400, 401, 403, 404, 410];

export interface RangeReaderOptions {
  readonly url: URL;
  /** What messages call it. */
  readonly display: string;
  /** Headers for all servers that redirects lead to, such as `accept`: no secrets. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: Authorization | undefined;
  /** What a user does who is refused. */
  readonly credentials?: CredentialHint | undefined;
  /** Where the bytes of interest begin in the resource. Default 0. */
  readonly offset?: number;
  /** How many bytes are of interest. Default: all from `offset` on. */
  readonly length?: number | undefined;
  /** Bytes of the first request, from `offset` on. Default 64 KiB. */
  readonly start?: number | undefined;
  /** The URL names the bytes themselves, by a digest: only their number is compared, no ETag. */
  readonly immutable?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads ranges of a resource (RFC 9110, section 14), which stays the version that it was when it was opened.
 * It does not own its client.
 */
export class RangeReader {
  /** Bytes from `offset` on. */
  readonly size: number;
  /** The first bytes; all of them where the server answers no ranges. */
  readonly start: Uint8Array;
  readonly version: Version;
  readonly #client: HttpClient;
  readonly #options: RangeReaderOptions;
  /** Where redirects have led to, which later requests begin with. */
  #target: URL | undefined;

  private constructor(client: HttpClient, options: RangeReaderOptions, opened: Opened) {
    this.#client = client;
    this.#options = options;
    this.size = opened.size;
    this.start = opened.start;
    this.version = opened.version;
    this.#target = opened.target;
  }

  /**
   * Asks for the first bytes, and learns size and version.
   * @throws {SourceError} `SOURCE_UNSUPPORTED`: the server answers no ranges, and the resource has more than
   *   1 MiB; and what `HttpClient.exchange` throws.
   */
  static async open(client: HttpClient, options: RangeReaderOptions): Promise<RangeReader> {
    const { offset = 0, start = 65_536, length } = options;
    const range = { first: offset, last: offset + Math.max(1, Math.min(start, length ?? start)) - 1 };
    const request = { ...requestOf(options, range), attempts: OPENING_ATTEMPTS };
    const opened = await client.exchange(request, (answer) => receiveFirst(answer, range, options));
    return new RangeReader(client, options, opened);
  }

  /**
   * Reads exactly `length` bytes from `offset` on, which counts from that of the options.
   * @throws {RangeError} they are not inside.
   * @throws {SourceError} `SOURCE_CHANGED`, and what `HttpClient.exchange` throws.
   */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (!(Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0)) {
      throw new RangeError(`no range of bytes: ${length} from ${offset} on`);
    }
    if (offset + length > this.size)
      throw new RangeError(`${length} bytes from ${offset} on: there are ${this.size}`);
    signal?.throwIfAborted();
    if (offset + length <= this.start.length) return this.start.slice(offset, offset + length);
    const first = (this.#options.offset ?? 0) + offset;
    const range = { first, last: first + length - 1 };
    return this.#client.exchange(
      (number) => this.#request(range, number, signal),
      async (answer, number) => {
        const { url } = this.#options;
        if (number === 1 && this.#target !== undefined && EXPIRED.includes(answer.status)) {
          this.#target = undefined;
          const reason = new SourceError(
            "SOURCE_DENIED",
            `${answer.display}: refuses what it has answered before`,
          );
          throw new TryAgain(reason, { wait: 0 });
        }
        const bytes = await this.#receive(answer, range);
        this.#target = answer.url.href === url.href ? undefined : answer.url;
        return bytes;
      },
    );
  }

  /** A first attempt goes where redirects have led before; a later one asks the address again. */
  #request(range: Range, number: number, signal: AbortSignal | undefined): HttpRequest {
    const tag = this.#options.immutable ? undefined : strongTag(this.version);
    const request = requestOf({ ...this.#options, signal }, range, tag);
    return number === 1 && this.#target !== undefined ? { ...request, url: this.#target } : request;
  }

  async #receive(answer: HttpAnswer, range: Range): Promise<Uint8Array> {
    const { credentials, immutable } = this.#options;
    if (answer.status === 412) throw this.#changed();
    if (answer.status === 200 || answer.status === 416) {
      const total = answer.status === 200 ? contentLength(answer) : contentRange(answer)?.total;
      const later = versionOf(answer, total);
      const changed = immutable
        ? total !== undefined && total !== this.version.length
        : compareVersions(this.version, later) === "changed";
      if (changed || (answer.status === 416 && total !== undefined && total <= range.first))
        throw this.#changed();
      throw malformed(answer.display, `answers HTTP ${answer.status} to a range that is in the file`);
    }
    requireStatus(answer, [206], credentials);
    const total = requireRange(answer, range).total;
    const later = versionOf(answer, total);
    const compared = immutable
      ? compareVersions({ ...UNNAMED, length: this.version.length }, { ...UNNAMED, length: later.length })
      : compareVersions(this.version, later);
    if (compared === "changed") throw this.#changed();
    if (compared === "unclear") {
      throw malformed(answer.display, "contradicts what it has said before of the file's version or length");
    }
    return readExactly(answer, range.last - range.first + 1);
  }

  #changed(): SourceError {
    const { display } = this.#options;
    return new SourceError(
      "SOURCE_CHANGED",
      `${display}: the image has changed while it was read: run the command again`,
    );
  }
}

const UNNAMED = { etag: undefined, lastModified: undefined } as const;

interface Range {
  readonly first: number;
  readonly last: number;
}

interface Opened {
  readonly size: number;
  readonly start: Uint8Array;
  readonly version: Version;
  readonly target: URL | undefined;
}

function requestOf(options: RangeReaderOptions, range: Range, ifRange?: string): HttpRequest {
  const { url, display, headers, authorization, signal } = options;
  return {
    url,
    display,
    authorization,
    signal,
    headers: {
      ...headers,
      range: `bytes=${range.first}-${range.last}`,
      ...(ifRange !== undefined && { "if-range": ifRange }),
    },
  };
}

async function receiveFirst(answer: HttpAnswer, range: Range, options: RangeReaderOptions): Promise<Opened> {
  const { url, offset = 0, length, credentials } = options;
  const target = answer.url.href === url.href ? undefined : answer.url;
  const opened = (total: number, start: Uint8Array): Opened => {
    const size = length ?? total - offset;
    if (size < 0 || offset + size > total) {
      throw malformed(answer.display, `has ${total} bytes, where ${offset + (length ?? 0)} are expected`);
    }
    return { size, start: start.subarray(0, size), version: versionOf(answer, total), target };
  };
  if (answer.status === 416) {
    const total = contentRange(answer)?.total;
    if (total === undefined || total > range.first)
      throw malformed(answer.display, "refuses the first bytes of the file");
    return opened(total, new Uint8Array(0));
  }
  if (answer.status === 200) {
    const whole = await readWhole(answer);
    return opened(whole.length, whole.subarray(offset));
  }
  requireStatus(answer, [206], credentials);
  const { total, last } = requireRange(answer, range);
  return opened(total, await readExactly(answer, last - range.first + 1));
}

/** Takes a short file as the answer to a range; a server may do that (RFC 9110, section 14.2). */
async function readWhole(answer: HttpAnswer): Promise<Uint8Array> {
  requireIdentity(answer);
  const length = contentLength(answer);
  if (length === undefined && header(answer, "transfer-encoding") === undefined) {
    throw new SourceError(
      "SOURCE_UNSUPPORTED",
      `${answer.display}: does not say how long the file is: ${DOWNLOAD}`,
    );
  }
  if (length !== undefined && length <= WHOLE) return readExactly(answer, length);
  if (header(answer, "accept-ranges")?.toLowerCase() === "bytes") {
    throw malformed(answer.display, "sends the whole file, where a range of it was asked for");
  }
  const noRanges = new SourceError(
    "SOURCE_UNSUPPORTED",
    `${answer.display}: the server does not answer ranges: ${DOWNLOAD}`,
  );
  if (length !== undefined) throw noRanges;
  try {
    return await readBody(answer, WHOLE);
  } catch (error) {
    throw error instanceof SourceError ? noRanges : error;
  }
}

const DOWNLOAD = "download it first, with docteur pull or curl";

function contentRange(answer: HttpAnswer): ReturnType<typeof parseContentRange> {
  return parseContentRange(header(answer, "content-range"));
}

/** Requires the range that was asked for, as far as the resource reaches. */
function requireRange(answer: HttpAnswer, { first, last }: Range): { total: number; last: number } {
  requireIdentity(answer);
  const found = contentRange(answer);
  if (found?.range === undefined) {
    const several = header(answer, "content-type")?.toLowerCase().startsWith("multipart/");
    throw malformed(
      answer.display,
      several ? "sends several ranges, where one was asked for" : "does not say which range it sends",
    );
  }
  const { range, total } = found;
  if (total === undefined) {
    throw new SourceError(
      "SOURCE_UNSUPPORTED",
      `${answer.display}: does not say how long the file is: ${DOWNLOAD}`,
    );
  }
  if (range.first !== first || range.last !== Math.min(last, total - 1)) {
    throw malformed(
      answer.display,
      `sends bytes ${range.first} to ${range.last} of ${total}, where ${first} to ${last} were asked for`,
    );
  }
  return { total, last: range.last };
}

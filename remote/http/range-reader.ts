import { SourceError } from "../../reader/source-error.ts";
import { DEFAULT_START } from "../source.ts";
import { contentLength, type HttpAnswer, readExactly } from "./answer.ts";
import type { Authorization, HttpClient, HttpRequest } from "./client.ts";
import { type Freshness, freshnessOf } from "./freshness.ts";
import { isUnchanged, receiveFirst } from "./opening.ts";
import { contentRange, type Range, requireRange } from "./range-answer.ts";
import { malformed, OPENING_ATTEMPTS, TryAgain } from "./retry.ts";
import { type CredentialHint, requireStatus } from "./status.ts";
import { compareVersions, strongTag, type Version, versionOf } from "./version.ts";

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
  /** A version that was opened before: if it is the one, the server need not send its start once more. */
  readonly known?: Version | undefined;
  /** Called when the server has another version than it had. */
  readonly onChanged?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads ranges of a resource (RFC 9110, section 14), which stays the version that it was when it was opened.
 * It does not own its client.
 */
export class RangeReader {
  /** Bytes from `offset` on. */
  readonly size: number;
  /** The first bytes; all of them where the server answers no ranges; none of a version that was known. */
  readonly start: Uint8Array;
  readonly version: Version;
  /** What the first answer says of its use for others; undefined if there was none. */
  readonly freshness: Freshness | undefined;
  readonly #client: HttpClient;
  readonly #options: RangeReaderOptions;
  /** Where redirects have led to, which later requests begin with. */
  #target: URL | undefined;

  private constructor(
    client: HttpClient,
    options: RangeReaderOptions,
    version: Version & { readonly length: number },
    start: Uint8Array = new Uint8Array(0),
    answer?: HttpAnswer,
  ) {
    const { url, display, offset = 0, length = version.length - offset } = options;
    if (length < 0 || offset + length > version.length) {
      const expected = options.length === undefined ? `more than ${offset}` : `${offset + length}`;
      throw malformed(display, `has ${version.length} bytes, where ${expected} are expected`);
    }
    this.#client = client;
    this.#options = options;
    this.size = length;
    this.start = start.subarray(0, length);
    this.version = version;
    this.freshness = answer && freshnessOf(answer);
    this.#target = answer === undefined || answer.url.href === url.href ? undefined : answer.url;
  }

  /** Reads a version that is known to be there, without asking for it first. */
  static resume(
    client: HttpClient,
    options: RangeReaderOptions,
    version: Version & { readonly length: number },
  ): RangeReader {
    const { etag, lastModified, length } = version;
    return new RangeReader(client, options, { etag, lastModified, length });
  }

  /**
   * Asks for the first bytes, and learns size and version.
   * @throws {SourceError} `SOURCE_UNSUPPORTED`: the server answers no ranges, and the resource has more than
   *   1 MiB; and what `HttpClient.exchange` throws.
   */
  static async open(client: HttpClient, options: RangeReaderOptions): Promise<RangeReader> {
    const { offset = 0, start = DEFAULT_START, length, known, immutable } = options;
    const range = { first: offset, last: offset + Math.max(1, Math.min(start, length ?? start)) - 1 };
    const tag = known && strongTag(known);
    const condition = tag === undefined ? undefined : { "if-none-match": tag };
    return client.exchange(
      // A server that answers the condition wrong is asked without one.
      (number) => ({
        ...requestOf(options, range, number === 1 ? condition : undefined),
        attempts: OPENING_ATTEMPTS,
      }),
      async (answer, number) => {
        if (number === 1 && known !== undefined && known.length !== undefined && isUnchanged(answer, tag)) {
          const { etag, lastModified, length } = known;
          return new RangeReader(client, options, { etag, lastModified, length }, undefined, answer);
        }
        const { total, bytes } = await receiveFirst(answer, range, options.credentials);
        const version = { ...versionOf(answer, total, immutable), length: total };
        return new RangeReader(client, options, version, bytes, answer);
      },
    );
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
    if (length === 0 || offset + length <= this.start.length)
      return this.start.slice(offset, offset + length);
    const first = (this.#options.offset ?? 0) + offset;
    const range = { first, last: first + length - 1 };
    const { url } = this.#options;
    // A first attempt goes where redirects have led before; a later one asks the address again.
    const target = this.#target;
    return this.#client.exchange(
      (number) => this.#request((number === 1 && target) || url, range, signal),
      async (answer, number) => {
        if (number === 1 && target !== undefined && EXPIRED.includes(answer.status)) {
          if (this.#target === target) this.#target = undefined;
          throw new TryAgain(refusedNow(answer), { wait: 0 });
        }
        const bytes = await this.#receive(answer, range);
        this.#target = answer.url.href === url.href ? undefined : answer.url;
        return bytes;
      },
    );
  }

  #request(url: URL, range: Range, signal: AbortSignal | undefined): HttpRequest {
    const tag = strongTag(this.version);
    const condition = tag === undefined ? undefined : { "if-range": tag };
    return requestOf({ ...this.#options, url, signal }, range, condition);
  }

  async #receive(answer: HttpAnswer, range: Range): Promise<Uint8Array> {
    const { credentials } = this.#options;
    if (answer.status === 412) throw this.#changed();
    if (answer.status === 200 || answer.status === 416) {
      const total = answer.status === 200 ? contentLength(answer) : contentRange(answer)?.total;
      const beyond = answer.status === 416 && total !== undefined && total <= range.first;
      if (beyond || this.#compare(answer, total) === "changed") throw this.#changed();
      throw malformed(answer.display, `answers HTTP ${answer.status} to a range that is in the file`);
    }
    requireStatus(answer, [206], credentials);
    // First, for another version may lack the range.
    const compared = this.#compare(answer, contentRange(answer)?.total);
    if (compared === "changed") throw this.#changed();
    requireRange(answer, range);
    if (compared === "unclear") {
      throw malformed(answer.display, "contradicts what it has said before of the file's version or length");
    }
    return readExactly(answer, range.last - range.first + 1);
  }

  #compare(answer: HttpAnswer, total: number | undefined): ReturnType<typeof compareVersions> {
    return compareVersions(this.version, versionOf(answer, total, this.#options.immutable));
  }

  #changed(): SourceError {
    const { display, onChanged } = this.#options;
    onChanged?.();
    return new SourceError(
      "SOURCE_CHANGED",
      `${display}: the image has changed while it was read: run the command again`,
    );
  }
}

function requestOf(
  options: RangeReaderOptions,
  range: Range,
  condition?: Readonly<Record<string, string>>,
): HttpRequest {
  const { url, display, headers, authorization, signal } = options;
  return {
    url,
    display,
    authorization,
    signal,
    headers: {
      ...headers,
      range: `bytes=${range.first}-${range.last}`,
      ...condition,
    },
  };
}

function refusedNow(answer: HttpAnswer): SourceError {
  return new SourceError(
    "SOURCE_DENIED",
    `${answer.display}: refuses (HTTP ${answer.status}) what it has answered before`,
  );
}

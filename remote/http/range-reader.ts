import { SourceError } from "../source-error.ts";
import { contentLength, type HttpAnswer, readExactly } from "./answer.ts";
import type { Authorization, HttpClient, HttpRequest } from "./client.ts";
import { freshness } from "./freshness.ts";
import { type Opening, receiveFirst } from "./opening.ts";
import { contentRange, type Range, requireRange } from "./range-answer.ts";
import { malformed, TryAgain } from "./retry.ts";
import { type CredentialHint, requireStatus } from "./status.ts";
import { compareVersions, type KnownVersion, strongTag, type Version, versionOf } from "./version.ts";

/** Attempts at opening: a wrong address is told soon, whereas a read that is under way waits for its server. */
const OPENING_ATTEMPTS = 6;

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

/** What opening finds out. */
interface Found extends Opening {
  readonly version: Version;
  /** Where redirects have led to. */
  readonly target: URL | undefined;
  readonly freshFor: number;
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
  /** Seconds for which the version is this one, as the server says. */
  readonly freshFor: number;
  readonly #client: HttpClient;
  readonly #options: RangeReaderOptions;
  /** Where redirects have led to, which later requests begin with. */
  #target: URL | undefined;

  private constructor(
    client: HttpClient,
    options: RangeReaderOptions,
    { total, bytes, version, target, freshFor }: Found,
  ) {
    const { display, offset = 0, length = total - offset } = options;
    if (length < 0 || offset + length > total) {
      const expected = options.length === undefined ? `more than ${offset}` : `${offset + length}`;
      throw malformed(display, `has ${total} bytes, where ${expected} are expected`);
    }
    this.#client = client;
    this.#options = options;
    this.size = length;
    this.start = bytes.subarray(0, length);
    this.version = version;
    this.#target = target;
    this.freshFor = freshFor;
  }

  /** Reads a resource of a known version. Asks for nothing: the first read finds out what is wrong. */
  static known(client: HttpClient, options: RangeReaderOptions, version: KnownVersion): RangeReader {
    const bytes = new Uint8Array(0);
    const found = { total: version.length, bytes, version, target: undefined, freshFor: 0 };
    return new RangeReader(client, options, found);
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
    return client.exchange(request, async (answer) => {
      const opening = await receiveFirst(answer, range, options.credentials);
      const { url, immutable } = options;
      const target = answer.url.href === url.href ? undefined : answer.url;
      return new RangeReader(client, options, {
        ...opening,
        version: versionOf(answer, opening.total, immutable),
        target,
        // What a redirect leads to may be another file soon, however long that file stays.
        freshFor: target === undefined ? freshness(answer) : 0,
      });
    });
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
    return requestOf({ ...this.#options, url, signal }, range, strongTag(this.version));
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
    const { display } = this.#options;
    return new SourceError(
      "SOURCE_CHANGED",
      `${display}: the image has changed while it was read: run the command again`,
    );
  }
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

function refusedNow(answer: HttpAnswer): SourceError {
  return new SourceError(
    "SOURCE_DENIED",
    `${answer.display}: refuses (HTTP ${answer.status}) what it has answered before`,
  );
}

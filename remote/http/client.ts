import { Readable } from "node:stream";
import { DocteurError } from "../../reader/errors.ts";
import { SourceError } from "../../reader/source-error.ts";
import { withoutSecrets } from "../address.ts";
import { DEFAULT_DEADLINE } from "../source.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { HttpAgent, proxyVariable } from "./agent.ts";
import { answerDisplay, type HttpAnswer, header } from "./answer.ts";
import { networkError } from "./network-error.ts";
import { MAXIMUM_REDIRECTS, redirectTarget } from "./redirects.ts";
import { malformed, withRetries } from "./retry.ts";

/** Bytes of a request's body that are sent at once: a slow connection is no silent one while these pass. */
const PIECE = 65_536;

/** Headers that say who asks, for one origin and no other. */
export interface Authorization {
  /** The only origin that gets them, as `URL.origin` is. */
  readonly origin: string;
  headers(): Readonly<Record<string, string>>;
  /**
   * Gets new ones after a 401.
   * @param challenge the answer's `WWW-Authenticate`, as the server wrote it.
   * @returns whether there are others now, with which the request is sent once more.
   */
  renew?(challenge: string | undefined, signal: AbortSignal): Promise<boolean>;
}

export interface HttpRequest {
  /** Default: GET. */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  /** What messages call it. */
  readonly display: string;
  /** Headers for all servers that redirects lead to: no secrets. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: Authorization | undefined;
  /** Made anew for each attempt. A stream needs a header `content-length`, or is sent in chunks. */
  readonly body?: Uint8Array | (() => Readable) | undefined;
  /** Whether the body has a secret in it: a redirect to another origin then ends the request. */
  readonly isSecret?: boolean | undefined;
  /** Attempts at most; give 1 for what must not be done twice. Default: as many as the deadline allows. */
  readonly attempts?: number | undefined;
  /** Seconds for all attempts together. Default: that of the client. */
  readonly deadline?: number | undefined;
  /** Seconds from the end of the request to the begin of its answer. Default: a third of the client's deadline. */
  readonly patience?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpClientOptions {
  /** A file of certificates in PEM to trust beside those of the system. */
  readonly cacert?: string | undefined;
  /** Seconds that a request may take, all attempts together. Default 60. */
  readonly deadline?: number | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly detail?: ((line: string) => void) | undefined;
}

/** Sends requests, follows redirects, and tries again what may go better. One for each source. */
export class HttpClient implements AsyncDisposable {
  readonly #deadline: number;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #detail: ((line: string) => void) | undefined;
  readonly #agent: HttpAgent;
  readonly #closed = new AbortController();

  constructor({ cacert, deadline = DEFAULT_DEADLINE, env = process.env, detail }: HttpClientOptions = {}) {
    this.#deadline = deadline;
    this.#env = env;
    this.#detail = detail;
    // A third of the time, so that a server that falls silent leaves time for others.
    this.#agent = new HttpAgent({
      cacert,
      env,
      stall: Math.round(Math.min(20_000, Math.max(500, (deadline * 1000) / 3))),
    });
  }

  /**
   * Sends a request and receives its answer. A failure of either is tried again if it may pass.
   *
   * @param receive checks the status and reads the body, which is gone afterwards. It throws a `TryAgain` for
   *   what another attempt may mend. It may be called several times; the number of the attempt starts at 1.
   * @param request what is sent, or how it is made for each attempt.
   * @throws {SourceError} the signal's reason when aborted; `ABORTED` when the client is closed.
   */
  async exchange<T>(
    request: HttpRequest | ((number: number) => HttpRequest),
    receive: (answer: HttpAnswer, number: number) => Promise<T>,
  ): Promise<T> {
    const made = typeof request === "function" ? request : () => request;
    const { display, deadline = this.#deadline, attempts, signal } = made(1);
    const signals = signal === undefined ? [this.#closed.signal] : [this.#closed.signal, signal];
    const options = { display, deadline, limit: attempts, signals, detail: this.#detail };
    return withRetries(options, async (attemptSignal, number) => {
      const current = made(number);
      try {
        const answer = await this.#follow(current, attemptSignal);
        try {
          return await receive(answer, number);
        } finally {
          discard(answer);
        }
      } catch (error) {
        throw networkError(error, display, proxyVariable(current.url, this.#env));
      }
    });
  }

  /** Ends all requests and connections at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new DocteurError("ABORTED", "the source is closed"));
    await this.#agent[Symbol.asyncDispose]();
  }

  async #follow(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { method = "GET", authorization } = request;
    let url = request.url;
    let renewed = false;
    for (let redirects = 0; redirects <= MAXIMUM_REDIRECTS; ) {
      const answer = await this.#send(request, url, signal);
      const target = redirectTarget(answer, method);
      if (target !== undefined) {
        discard(answer);
        redirects++;
        if (request.isSecret && target.origin !== request.url.origin) throw leadsAway(answer, target);
        url = target;
      } else if (
        answer.status === 401 &&
        !renewed &&
        authorization?.renew &&
        url.origin === authorization.origin
      ) {
        renewed = true;
        discard(answer);
        if (!(await authorization.renew(header(answer, "www-authenticate"), signal))) return answer;
      } else return answer;
    }
    throw malformed(
      request.display,
      `leads from one address to another more than ${MAXIMUM_REDIRECTS} times`,
    );
  }

  async #send(request: HttpRequest, url: URL, signal: AbortSignal): Promise<HttpAnswer> {
    const { method = "GET", authorization, body, patience } = request;
    const own = authorization?.origin === url.origin ? authorization.headers() : {};
    const dispatcher = await unlessAborted(this.#agent.dispatcher(url), signal);
    // It heeds its signal only once there is a connection.
    const sent = dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        "accept-encoding": "identity",
        "user-agent": "docteur",
        ...(body instanceof Uint8Array && { "content-length": String(body.length) }),
        ...request.headers,
        ...own,
      },
      body: typeof body === "function" ? body() : body instanceof Uint8Array ? inPieces(body) : null,
      signal,
      ...(patience !== undefined && { headersTimeout: patience * 1000 }),
    });
    const answer = await unlessAborted(sent, signal);
    // Who reads the body gets its error, too; a body that is not read has none to tell.
    answer.body.on("error", () => {});
    const display = answerDisplay(request.display, request.url, url);
    const elsewhere = url.origin !== request.url.origin;
    return { status: answer.statusCode, headers: answer.headers, body: answer.body, url, elsewhere, display };
  }
}

function leadsAway({ display }: HttpAnswer, target: URL): SourceError {
  const what = `leads to ${withoutSecrets(target)}, and the request has a password in it: ask who runs the server`;
  return new SourceError("SOURCE_DENIED", `${display}: ${what}`);
}

function inPieces(bytes: Uint8Array): Uint8Array | Readable {
  if (bytes.length <= PIECE) return bytes;
  const count = Math.ceil(bytes.length / PIECE);
  const pieces = Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * PIECE, (index + 1) * PIECE),
  );
  return Readable.from(pieces, { objectMode: false });
}

/** Frees the connection of an answer: a short rest is read, so that it can be used again. */
function discard({ body, headers }: HttpAnswer): void {
  if (body.readableEnded || body.destroyed) return;
  const length = Number(headers["content-length"] ?? Number.NaN);
  if (length <= PIECE && !body.readableDidRead) body.resume();
  else body.destroy();
}

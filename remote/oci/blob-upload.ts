import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { SourceErrorCode } from "../../reader/error-codes.ts";
import { SourceError } from "../../reader/source-error.ts";
import { withoutSecrets } from "../address.ts";
import { contentLength, type HttpAnswer, header } from "../http/answer.ts";
import { TryAgain, withRetries } from "../http/retry.ts";
import type { Registry, RegistryRequest } from "./registry.ts";

/** Bytes sent at a time: what is lost when the network fails. */
const CHUNK = 8 * 1024 * 1024;

/** Bytes that a registry may want to be sent at least (`OCI-Chunk-Min-Length`). */
const LARGEST_CHUNK = 256 * 1024 * 1024;

/** Bytes below which a chunk is not made smaller for a registry that refuses its size. */
const SMALLEST_CHUNK = 1024 * 1024;

/** Bytes read at a time of a blob that is sent in one piece. */
const PIECE = 256 * 1024;

/** Failures one after the other, without a byte that gets through, after which an upload is given up. */
const MOST_FAILURES = 6;

/** Sessions that are begun anew: some registries drop one whose chunk was cut short. */
const MOST_RESTARTS = 5;

/** What may go better when it is tried again. */
const PASSING: readonly SourceErrorCode[] = ["SOURCE_UNREACHABLE", "SOURCE_TIMEOUT", "SOURCE_MALFORMED"];

/** Bytes a second that a network has at least. */
const SLOWEST = 32 * 1024;

/** Seconds for a request beside its bytes. */
const DEADLINE = 60;

/** Seconds in which a registry stores and verifies what it has got: it may read all of it again. */
const LONGEST_COMMIT = 1800;

/** Seconds for what is on its way when an upload is aborted: once the registry has it, it can be cancelled. */
const LINGER = 3;

/** Seconds to cancel an upload, which somebody waits for who has had enough of it. */
const CANCEL = 5;

/** Milliseconds after which a registry has noticed that a connection was cut. */
const NOTICE = 500;

/** A blob that can be read as often as it takes. */
export interface BlobContent {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** Reads exactly `length` bytes. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface UploadOptions {
  /** Called with the bytes that the registry has. */
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly detail?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a blob. */
export type Uploaded = "there" | "mounted" | "uploaded";

/**
 * Uploads a blob, unless the registry has it (distribution specification, "Pushing a blob in chunks"): a session,
 * chunks, and the digest at the end. What fails on the way goes on from where the registry is; what a registry
 * does not take in chunks, it gets in one piece. An upload that ends early is cancelled, as none is gone on with
 * later: the registry need not keep it.
 *
 * @throws {SourceError} the signal's reason when aborted.
 */
export async function uploadBlob(
  registry: Registry,
  content: BlobContent,
  options: UploadOptions = {},
): Promise<Uploaded> {
  if (await hasBlob(registry, content)) return "there";
  using lingering = linger(options.signal);
  const upload = new BlobUpload(registry, content, options, lingering.signal);
  try {
    return await upload.run();
  } catch (error) {
    await upload.cancel();
    throw error;
  }
}

/** A signal that is aborted a while after another one. */
function linger(signal: AbortSignal | undefined): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = () => {
    timer = setTimeout(() => controller.abort(signal?.reason), LINGER * 1000);
  };
  signal?.addEventListener("abort", begin, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", begin);
    },
  };
}

/** Whether the registry has a blob, in full. What it does not tell is taken for no. */
async function hasBlob(registry: Registry, { digest, size }: BlobContent): Promise<boolean> {
  return await registry.exchange({ method: "HEAD", target: `blobs/${digest}` }, async (answer) => {
    if (answer.status === 401 || answer.status >= 500) registry.require(answer, [200]);
    return answer.status === 200 && (contentLength(answer) ?? size) === size;
  });
}

/** One blob on its way. */
class BlobUpload {
  readonly #registry: Registry;
  readonly #content: BlobContent;
  readonly #options: UploadOptions;
  readonly #lingering: AbortSignal;
  /** Where the next request goes; each answer may name another URL. */
  #location = new URL("http://localhost");
  /** Whether the registry keeps a session for it. */
  #isBegun = false;
  /** Bytes that the registry has. */
  #offset = 0;
  #chunk = CHUNK;
  /** Bytes that a chunk must have, but for the last one. */
  #least = 1;
  #isChunked: boolean;
  #restarts = 0;
  /** Why the content cannot be read. */
  #unreadable: unknown;

  constructor(registry: Registry, content: BlobContent, options: UploadOptions, lingering: AbortSignal) {
    this.#registry = registry;
    this.#content = content;
    this.#options = options;
    this.#lingering = lingering;
    this.#isChunked = content.size > CHUNK;
  }

  async run(): Promise<Uploaded> {
    const { signal, detail, onProgress } = this.#options;
    const signals = signal === undefined ? [] : [signal];
    const { display } = this.#registry;
    if (await this.#begin()) return "mounted";
    for (let isDone = false; !isDone; ) {
      signal?.throwIfAborted();
      const deadline = this.#deadline();
      isDone = await withRetries(
        { display, deadline, limit: MOST_FAILURES, signals, detail },
        async (_, number) => {
          try {
            if (number > 1 && (await this.#resume())) return true;
            return await this.#step();
          } catch (error) {
            throw error instanceof SourceError && PASSING.includes(error.code) ? new TryAgain(error) : error;
          }
        },
      );
      onProgress?.(this.#offset);
    }
    return "uploaded";
  }

  /** Sends what comes next. @returns whether that was the last. */
  async #step(): Promise<boolean> {
    if (!this.#isChunked) return await this.#finish(0);
    if (this.#offset === this.#content.size) return await this.#finish(this.#offset);
    await this.#sendChunk();
    return false;
  }

  /** Seconds for a request. */
  #deadline(): number {
    const { size } = this.#content;
    const isLast = !this.#isChunked || this.#offset === size;
    const bytes = this.#isChunked ? this.#chunk : size;
    return DEADLINE + bytes / SLOWEST + (isLast ? LONGEST_COMMIT : 0);
  }

  /** Begins a session. @returns whether the registry has found the blob in another of its repositories. */
  async #begin(): Promise<boolean> {
    this.#offset = 0;
    // Without `from`, it looks in all of them; one that does not know that may refuse the question.
    for (const query of [`?mount=${this.#content.digest}`, ""]) {
      const request = { method: "POST", target: `blobs/uploads/${query}`, body: new Uint8Array() } as const;
      const begun = await this.#exchange(request, async (answer) => {
        if (query !== "" && [400, 405, 415, 422].includes(answer.status)) return undefined;
        if (answer.status === 405) throw this.#readOnly();
        this.#registry.require(answer, [201, 202]);
        if (answer.status === 201) return true;
        this.#follow(answer, true);
        this.#isBegun = true;
        const least = Number(header(answer, "oci-chunk-min-length") ?? 1);
        this.#least = Number.isSafeInteger(least) && least <= LARGEST_CHUNK ? Math.max(1, least) : 1;
        this.#chunk = Math.max(this.#chunk, this.#least);
        return false;
      });
      if (begun !== undefined) return begun;
    }
    throw this.#malformed("refuses to begin an upload");
  }

  async #sendChunk(): Promise<void> {
    const start = this.#offset;
    const length = Math.min(this.#chunk, this.#content.size - start);
    const body = await this.#content.read(start, length);
    const headers = {
      "content-type": "application/octet-stream",
      "content-range": `${start}-${start + length - 1}`,
    };
    const request = { method: "PATCH", target: this.#location, body, headers, attempts: 1 } as const;
    await this.#exchange({ ...request, deadline: this.#deadline() }, async (answer) => {
      const { status } = answer;
      if (status === 413 && this.#chunk > Math.max(SMALLEST_CHUNK, this.#least)) {
        this.#chunk = Math.max(SMALLEST_CHUNK, this.#least, Math.floor(this.#chunk / 4));
        return;
      }
      if ([405, 415, 501].includes(status)) {
        this.#isChunked = false;
        throw this.#malformed("takes no blob in chunks");
      }
      // The session is gone, or is elsewhere than this end believes.
      if ([404, 416].includes(status)) throw this.#malformed(`loses the upload (HTTP ${status})`);
      this.#registry.require(answer, [201, 202, 204]);
      this.#follow(answer, false);
      const end = endOf(header(answer, "range"), start) ?? start + length;
      if (end > start + length || end <= start) throw this.#malformed("does not keep what it gets");
      this.#offset = end;
    });
  }

  /** Sends the rest, and the digest, which the registry verifies. @returns true. */
  async #finish(start: number): Promise<boolean> {
    const { digest, size } = this.#content;
    const target = new URL(this.#location);
    target.searchParams.set("digest", digest);
    const rest = size - start;
    const headers = { "content-type": "application/octet-stream", "content-length": String(rest) };
    const body =
      rest <= CHUNK
        ? await this.#content.read(start, rest)
        : () => Readable.from(this.#pieces(start), { objectMode: false });
    const request = {
      method: "PUT",
      target,
      headers,
      body,
      attempts: 1,
      deadline: this.#deadline(),
    } as const;
    await this.#exchange({ ...request, patience: LONGEST_COMMIT }, async (answer) => {
      if (answer.status === 413 && !this.#isChunked && size > SMALLEST_CHUNK) {
        this.#isChunked = true;
        throw this.#malformed("takes no blob of this size in one piece");
      }
      if ([400, 404, 416].includes(answer.status))
        throw this.#malformed(`gets other bytes than were sent (HTTP ${answer.status})`);
      this.#registry.require(answer, [201, 202, 204]);
      const named = header(answer, "docker-content-digest");
      if (named !== undefined && named !== digest)
        throw this.#malformed(`has stored ${named}, not ${digest}`);
    });
    this.#offset = size;
    this.#isBegun = false;
    return true;
  }

  /** Ends the session, if the registry lets it be ended; also when the signal is aborted. Failures are silent. */
  async cancel(): Promise<void> {
    if (!this.#isBegun) return;
    this.#isBegun = false;
    const { signal } = new AbortController();
    const limits = { attempts: 1, deadline: CANCEL, patience: CANCEL, signal };
    const request = { method: "DELETE", target: this.#location, ...limits } as const;
    const ask = () => this.#registry.exchange(request, async ({ status }) => status).catch(() => undefined);
    const status = await ask();
    if (status === undefined || status < 300 || !this.#lingering.aborted) return;
    // A request was cut, of which the registry may still have stored something.
    await sleep(NOTICE);
    await ask();
  }

  async *#pieces(start: number): AsyncGenerator<Uint8Array> {
    const { size } = this.#content;
    try {
      for (let at = start; at < size; at += PIECE)
        yield await this.#content.read(at, Math.min(PIECE, size - at));
    } catch (error) {
      this.#unreadable = error;
      throw error;
    }
  }

  /** Learns what the registry has, or begins anew. @returns whether it has the whole blob. */
  async #resume(): Promise<boolean> {
    if (await hasBlob(this.#registry, this.#content)) return true;
    // A session that has failed at its end has the wrong bytes, or none of them.
    const isUseful = this.#isChunked && this.#offset < this.#content.size;
    const request = { method: "GET", target: this.#location } as const;
    const end = isUseful
      ? await this.#exchange(request, async (answer) => {
          if (answer.status === 401 || answer.status >= 500) this.#registry.require(answer, [204]);
          if (answer.status !== 204 && answer.status !== 202) return undefined;
          this.#follow(answer, false);
          return endOf(header(answer, "range"), 0);
        })
      : undefined;
    if (end !== undefined && end <= this.#content.size) {
      this.#offset = end;
      return false;
    }
    if (++this.#restarts > MOST_RESTARTS) throw this.#malformed("loses uploads again and again", false);
    await this.cancel();
    return await this.#begin();
  }

  async #exchange<T>(request: RegistryRequest, receive: (answer: HttpAnswer) => Promise<T>): Promise<T> {
    try {
      return await this.#registry.exchange({ ...request, signal: this.#lingering }, receive);
    } catch (error) {
      throw this.#unreadable ?? error;
    }
  }

  /** Takes the URL of the next request from an answer. */
  #follow(answer: HttpAnswer, isNeeded: boolean): void {
    const location = header(answer, "location");
    if (location !== undefined && URL.canParse(location, answer.url)) {
      const url = new URL(location, answer.url);
      if (url.protocol === answer.url.protocol || url.protocol === "https:") this.#location = url;
      else throw this.#malformed(`leads to ${withoutSecrets(url)}`, false);
    } else if (isNeeded) throw this.#malformed("begins an upload without saying where");
  }

  /** @param passes whether it may go better from the start. */
  #readOnly(): SourceError {
    const what = "the registry takes no uploads (HTTP 405): it may be read-only, or only a mirror";
    return new SourceError("SOURCE_UNSUPPORTED", `${this.#registry.display}: ${what}; push to another one`);
  }

  #malformed(what: string, passes = true): SourceError {
    const code = passes ? "SOURCE_MALFORMED" : "SOURCE_UNSUPPORTED";
    return new SourceError(
      code,
      `${this.#registry.display}: the registry ${what}: try again, or ask who runs it`,
    );
  }
}

/**
 * The end of what `Range: 0-N` says is there; undefined if it says nothing.
 * @param least what was there before. Docker's registry says `0-0` of an empty upload as of one with a byte.
 */
function endOf(range: string | undefined, least: number): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(range?.trim() ?? "") ?? [];
  if (last === undefined) return undefined;
  return last === "0" && least === 0 ? 0 : Number(last) + 1;
}

import { SourceError } from "../../reader/source-error.ts";
import type { OciAddress } from "../address.ts";
import { type HttpAnswer, header, readBody } from "../http/answer.ts";
import { HttpClient, type HttpRequest } from "../http/client.ts";
import { OPENING_ATTEMPTS } from "../http/retry.ts";
import { requireStatus } from "../http/status.ts";
import { isLoopback } from "../loopback.ts";
import type { SourceOptions } from "../source.ts";
import { RegistryAuthorization } from "./authorization.ts";
import { digestOf, isDigest } from "./digest.ts";
import { repositoryAt } from "./docker-hub.ts";
import { findCredentials } from "./login-files.ts";
import { ACCEPTED_MANIFESTS, LARGEST_MANIFEST } from "./manifest.ts";
import { speaksTls } from "./speaks-tls.ts";

export interface RegistryOptions extends SourceOptions {
  /** What is to be done with the repository, as a token's scope has it. */
  readonly actions: "pull" | "pull,push";
}

/** A request to a registry. */
export interface RegistryRequest
  extends Pick<HttpRequest, "method" | "headers" | "body" | "attempts" | "deadline" | "patience" | "signal"> {
  /** What follows `/v2/NAME/`, or a URL that the registry has given. */
  readonly target: string | URL;
}

/** A manifest as the registry has it. */
export interface FoundManifest {
  readonly bytes: Uint8Array;
  /** `Content-Type`. */
  readonly type: string;
  /** The digest of the bytes. */
  readonly digest: string;
}

/** One repository of a registry (OCI distribution specification 1.1). */
export class Registry implements AsyncDisposable {
  /** What messages call the artifact. */
  readonly display: string;
  readonly client: HttpClient;
  readonly authorization: RegistryAuthorization;
  readonly #base: URL;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    { display }: OciAddress,
    base: URL,
    client: HttpClient,
    authorization: RegistryAuthorization,
    signal: AbortSignal | undefined,
  ) {
    this.display = display;
    this.client = client;
    this.authorization = authorization;
    this.#base = base;
    this.#signal = signal;
  }

  /** Prepares requests; only a server of this machine is asked for something, whether it speaks TLS. */
  static async open(address: OciAddress, options: RegistryOptions): Promise<Registry> {
    const { registry, repository, display } = address;
    const { env = process.env, signal, plainHttp = false, actions } = options;
    const { host, name } = repositoryAt(registry, repository);
    const secure = new URL(`https://${host}/v2/${name}/`);
    const isPlain = plainHttp || isLoopback(secure.hostname);
    const base =
      plainHttp || (isPlain && !(await speaksTls(secure, signal)))
        ? new URL(`http://${host}/v2/${name}/`)
        : secure;
    signal?.throwIfAborted();
    const client = new HttpClient(options);
    const authorization = new RegistryAuthorization({
      client,
      origin: base.origin,
      scope: `repository:${name}:${actions}`,
      display,
      plainHttp: plainHttp ? "all" : isPlain ? "loopback" : "none",
      findCredentials: () => findCredentials(registry, repository, env, signal),
      hint: (isLoggedIn) =>
        isLoggedIn
          ? `the login at ${registry} does not give access to this: log in again, or check the name`
          : `log in with \`docker login ${registry}\` or \`podman login ${registry}\`, or check the name`,
    });
    return new Registry(address, base, client, authorization, signal);
  }

  /** Scheme, host and port. */
  get origin(): string {
    return this.#base.origin;
  }

  /** The URL of what follows `/v2/NAME/`. */
  url(target: string | URL): URL {
    return new URL(target, this.#base);
  }

  /** Sends a request as `HttpClient.exchange` does, with what the registry wants to know. */
  async exchange<T>(request: RegistryRequest, receive: (answer: HttpAnswer) => Promise<T>): Promise<T> {
    const { target, signal = this.#signal, attempts = OPENING_ATTEMPTS, ...rest } = request;
    const { display, authorization } = this;
    await authorization.prepare(signal);
    return await this.client.exchange(
      { ...rest, attempts, signal, url: this.url(target), display, authorization },
      receive,
    );
  }

  /** As `requireStatus`, with what a user who is refused may do. */
  require(answer: HttpAnswer, expected: readonly number[]): void {
    requireStatus(answer, expected, { hint: this.authorization.hint });
  }

  /**
   * The manifest of a tag or a digest. Its bytes are those of that digest, or of the one that the registry
   * names.
   * @throws {SourceError} `SOURCE_NOT_FOUND`, `SOURCE_MALFORMED`, `SOURCE_UNSUPPORTED` and those of `exchange`.
   */
  async manifest(reference: string): Promise<FoundManifest> {
    if (reference.includes(":") && !isDigest(reference)) {
      const what = "digests of this kind cannot be verified: give one that begins with sha256: or sha512:";
      throw new SourceError("SOURCE_UNSUPPORTED", `${this.display}: ${what}`);
    }
    const request = { target: `manifests/${reference}`, headers: { accept: ACCEPTED_MANIFESTS } };
    return await this.exchange(request, async (answer) => {
      this.require(answer, [200]);
      const bytes = await readBody(answer, LARGEST_MANIFEST);
      const named = header(answer, "docker-content-digest");
      const expected = isDigest(reference) ? reference : isDigest(named) ? named : undefined;
      const digest = digestOf(bytes, expected);
      if (expected !== undefined && digest !== expected) {
        const what = `the registry gives a manifest whose digest is ${digest}, not ${expected}: ask who runs it`;
        throw new SourceError("SOURCE_MALFORMED", `${this.display}: ${what}`);
      }
      return { bytes, type: header(answer, "content-type") ?? "", digest };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }
}

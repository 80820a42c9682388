import type { Authorization, HttpClient } from "../http/client.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { requestToken, type Token, type TokenOptions } from "./token.ts";

export interface RegistryAuthorizationOptions {
  readonly client: HttpClient;
  /** Of the registry. */
  readonly origin: string;
  /** What is to be done, such as `repository:NAME:pull`. */
  readonly scope: string;
  readonly display: string;
  /** Which servers of tokens may be asked without TLS, too. */
  readonly plainHttp: TokenOptions["plainHttp"];
  /** Called when the registry asks who the user is, and not before: a helper may ask its user. */
  readonly findCredentials: () => Promise<Credentials | undefined>;
  /** What a user who is refused may do. @param isLoggedIn whether there are credentials. */
  readonly hint: (isLoggedIn: boolean) => string;
}

/** Says to a registry, and to no other server, who the user is: a token for its life, or a password. */
export class RegistryAuthorization implements Authorization {
  readonly origin: string;
  readonly #options: RegistryAuthorizationOptions;
  #credentials: Promise<Credentials | undefined> | undefined;
  #challenge: Challenge | undefined;
  #token: Token | undefined;
  #basic: string | undefined;
  #renewing: Promise<boolean> | undefined;
  #isLoggedIn = false;

  constructor(options: RegistryAuthorizationOptions) {
    this.#options = options;
    this.origin = options.origin;
  }

  /** What a user who is refused may do. */
  get hint(): string {
    return this.#options.hint(this.#isLoggedIn);
  }

  headers(): Readonly<Record<string, string>> {
    const value = this.#token?.authorization ?? this.#basic;
    return value === undefined ? {} : { authorization: value };
  }

  /** Gets another token if the present one is about to end: a long request must not find out behind its body. */
  async prepare(signal?: AbortSignal): Promise<void> {
    if (this.#challenge === undefined || this.#token === undefined) return;
    if (performance.now() >= this.#token.end) await this.#renewOnce(this.#challenge, signal);
  }

  async renew(text: string | undefined, signal: AbortSignal): Promise<boolean> {
    const challenges = parseChallenges(text);
    const challenge =
      challenges.find(({ scheme }) => scheme === "bearer") ??
      challenges.find(({ scheme }) => scheme === "basic");
    return challenge !== undefined && (await this.#renewOnce(challenge, signal));
  }

  /** Requests that are refused together wait for one token. One that is aborted does not take it from others. */
  async #renewOnce(challenge: Challenge, signal?: AbortSignal): Promise<boolean> {
    this.#renewing ??= this.#renew(challenge).finally(() => {
      this.#renewing = undefined;
    });
    return await unlessAborted(this.#renewing, signal);
  }

  async #renew(challenge: Challenge): Promise<boolean> {
    const { client, display, plainHttp, findCredentials } = this.#options;
    this.#credentials ??= findCredentials();
    const credentials = await this.#credentials;
    this.#isLoggedIn = credentials !== undefined;
    if (challenge.scheme === "basic" || credentials?.bearer !== undefined) {
      this.#basic = credentials?.bearer ?? credentials?.basic;
      return this.#basic !== undefined;
    }
    const scope = this.#scopeFor(challenge);
    this.#token = await requestToken(challenge, {
      client,
      credentials,
      scope,
      display,
      hint: this.hint,
      plainHttp,
    });
    this.#challenge = challenge;
    return true;
  }

  /** The registry may have a scope of its own (Amazon's has); where it names a repository, ours says more. */
  #scopeFor({ parameters }: Challenge): string {
    const asked = parameters.get("scope");
    return asked === undefined || asked.startsWith("repository:") ? this.#options.scope : asked;
  }
}

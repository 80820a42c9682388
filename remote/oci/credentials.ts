import { inspect } from "node:util";

/** Who a user is to a registry. Does not show what it holds when it is printed, thrown, or turned into JSON. */
export class Credentials {
  readonly #user: string;
  readonly #secret: string;
  readonly #kind: "password" | "identity" | "registry";

  private constructor(user: string, secret: string, kind: "password" | "identity" | "registry") {
    this.#user = user;
    this.#secret = secret;
    this.#kind = kind;
  }

  static password(user: string, password: string): Credentials {
    return new Credentials(user, password, "password");
  }

  /** A token that buys other tokens (OAuth 2, a refresh token). */
  static identityToken(token: string): Credentials {
    return new Credentials("", token, "identity");
  }

  /** A token that the registry itself takes. */
  static registryToken(token: string): Credentials {
    return new Credentials("", token, "registry");
  }

  /** The value of `Authorization` for a server that takes a password; undefined if there is none. */
  get basic(): string | undefined {
    if (this.#kind !== "password") return undefined;
    return `Basic ${Buffer.from(`${this.#user}:${this.#secret}`).toString("base64")}`;
  }

  /** What a server of tokens takes as `refresh_token`. */
  get refreshToken(): string | undefined {
    return this.#kind === "identity" ? this.#secret : undefined;
  }

  /** The value of `Authorization` for the registry, without asking anybody. */
  get bearer(): string | undefined {
    return this.#kind === "registry" ? `Bearer ${this.#secret}` : undefined;
  }

  toJSON(): string {
    return "***";
  }

  toString(): string {
    return "***";
  }

  [inspect.custom](): string {
    return "***";
  }
}

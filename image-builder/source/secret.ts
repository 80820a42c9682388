import { inspect } from "node:util";

/** What stands in a message where a secret stood. */
const MASK = "***";

/**
 * A password or token on its way to git. It does not show up when the object that holds it is printed,
 * thrown, or turned into JSON; the one way to its text is `reveal`, so every use can be found by that name.
 */
export class Secret {
  readonly #text: string;
  readonly #written: string;

  /** @param written how it was written, percent escapes and all. */
  constructor(text: string, written = text) {
    this.#text = text;
    this.#written = written;
  }

  reveal(): string {
    return this.#text;
  }

  /** `message` with every spelling of this secret, plain or percent-encoded, masked. */
  redact(message: string): string {
    const encoded = [encodeURIComponent(this.#text), encodeURI(this.#text)];
    const lower = encoded.map((each) => each.replace(/%../g, (digits) => digits.toLowerCase()));
    return [this.#text, this.#written, ...encoded, ...lower]
      .filter((spelling) => spelling !== "")
      .sort((a, b) => b.length - a.length)
      .reduce((text, spelling) => text.replaceAll(spelling, MASK), message);
  }

  toJSON(): string {
    return MASK;
  }

  toString(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/** The scheme of an address, with as many slashes as somebody wrote; of another scheme it may be a user. */
const SCHEME = /^\s*(?:(?:https?|ssh|git|ftps?|file|relativize|oci|nbd(?:\+unix)?):[/\\]*)?/i;

/** What pins an image in a registry, behind an `@` that ends no password. */
const DIGEST = /^sha(?:256|512):[0-9a-f]+/i;

/** What stands between an address's scheme, or its start, and its last `@`; undefined if nothing does. */
export function userInfoOf(address: string): string | undefined {
  const start = SCHEME.exec(address)![0].length;
  const end = endOfUserInfo(address);
  return end > start ? address.slice(start, end) : undefined;
}

/** Where the last `@` stands that does not pin an image; negative if there is none. */
function endOfUserInfo(address: string): number {
  const last = address.lastIndexOf("@");
  const isPinned = /^\s*oci:/i.test(address) && DIGEST.test(address.slice(last + 1));
  return isPinned ? address.lastIndexOf("@", last - 1) : last;
}

/**
 * An address for a message, with that masked: where it is not well formed, a password may begin and end
 * anywhere there.
 */
export function maskUserInfo(address: string): string {
  const start = SCHEME.exec(address)![0].length;
  const info = userInfoOf(address);
  return info === undefined
    ? address
    : `${address.slice(0, start)}${MASK}${address.slice(start + info.length)}`;
}

/** The same for every URL in a message. */
export function maskUrls(message: string): string {
  return message.replace(/[a-z][a-z0-9+.-]*:[/\\]+[^\s'"]*@[^\s'"@]*/gi, maskUrl);
}

function maskUrl(url: string): string {
  const [scheme] = /^.*?:[/\\]+/.exec(url)!;
  const end = endOfUserInfo(url);
  return end < 0 ? url : `${scheme}${MASK}${url.slice(end)}`;
}

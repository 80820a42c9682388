import { inspect } from "node:util";

/** What stands in a message where a secret stood. */
const MASK = "***";

/**
 * A password or token on its way to git. It does not show up when the object that holds it is printed, thrown,
 * or turned into JSON; the one way to its text is `reveal`, so every use can be found by that name.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** `message` with every spelling of this secret, plain or percent-encoded, masked. */
  redact(message: string): string {
    const spellings = [this.#text, encodeURIComponent(this.#text), encodeURI(this.#text)];
    return spellings
      .filter((spelling) => spelling !== "")
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

/** Masks who asks in every `https://user:password@host` in `message`, whoever wrote it there. */
export function redactUrls(message: string): string {
  return message.replace(/(https?:\/\/)[^\s/@]*@/gi, `$1${MASK}@`);
}

import { ocamlString } from "./ocaml-string.ts";
import type { Verification } from "./verification.ts";
import { commitObjectOf } from "./verify-image.ts";

export interface FormatOptions {
  /** Colours, as a terminal takes them (ECMA-48 SGR). Default false. */
  readonly color?: boolean | undefined;
}

const BLUE = 34;
const YELLOW = 33;

/**
 * What the original's `verify` prints, byte for byte: the commit, its author, the root, and the message after an empty
 * line. Bytes, not text, because nothing says how a commit is encoded.
 */
export function formatVerification(verification: Verification, options: FormatOptions = {}): Uint8Array {
  const paint = (color: number, text: string) => (options.color ? `\x1b[${color}m${text}\x1b[m` : text);
  // Latin-1 maps every byte to one character and back.
  const { buffer, byteOffset, byteLength } = commitObjectOf(verification);
  const text = Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
  const [, name = "", email = ""] = /^author (.*?) ?<([^<>\n]*)>/m.exec(text) ?? [];
  const blank = text.indexOf("\n\n");
  const line = (label: string, value: string) => `${paint(BLUE, label)}\t: ${value}\n`;
  return Buffer.from(
    line("commit", paint(YELLOW, verification.commit)) +
      line("author", `${ocamlString(name)} <${email}>`) +
      line("root", paint(YELLOW, verification.root)) +
      // The original ends with a line break of its own, after the message or in its place.
      (blank < 0 ? "\n" : `\n${text.slice(blank + 2)}\n`),
    "latin1",
  );
}

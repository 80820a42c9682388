import { readSignature } from "../../reader/git/commit.ts";
import { printableBytes } from "../../reader/printable.ts";
import { ocamlString } from "./ocaml-string.ts";
import type { Verification } from "./verification.ts";
import { commitObjectOf } from "./verify-image.ts";

export interface FormatOptions {
  /** Colours, as a terminal takes them (ECMA-48 SGR). Default false. */
  readonly color?: boolean | undefined;
  /** Whether control characters are escaped. Default false: bytes as they are. */
  readonly terminal?: boolean | undefined;
}

const BLUE = 34;
const YELLOW = 33;

/**
 * What the original's `verify` prints, byte for byte: the commit, its author, the root, and the message after
 * an empty line. Bytes, not text: as the commit has them, in any encoding.
 */
export function formatVerification(verification: Verification, options: FormatOptions = {}): Uint8Array {
  const paint = (color: number, text: string) => (options.color ? `\x1b[${color}m${text}\x1b[m` : text);
  const shown = (bytes: string) =>
    options.terminal
      ? Buffer.from(printableBytes(Buffer.from(bytes, "latin1"), "\n\t")).toString("latin1")
      : bytes;
  // Latin-1 maps every byte to one character and back.
  const { buffer, byteOffset, byteLength } = commitObjectOf(verification);
  const text = Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
  const blank = text.indexOf("\n\n");
  const { name, email } = readSignature(blank < 0 ? text : text.slice(0, blank), "author");
  const line = (label: string, value: string) => `${paint(BLUE, label)}\t: ${value}\n`;
  return Buffer.from(
    line("commit", paint(YELLOW, verification.commit)) +
      line("author", `${ocamlString(name)} <${shown(email)}>`) +
      line("root", paint(YELLOW, verification.root)) +
      // The original ends with a line break of its own, after the message, or instead of one.
      (blank < 0 ? "\n" : `\n${shown(text.slice(blank + 2))}\n`),
    "latin1",
  );
}

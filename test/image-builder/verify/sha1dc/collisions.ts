import { readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../../fixtures/sha1-collisions");

/** A published pair of messages with one SHA-1; see the README beside them. */
export interface Pair {
  readonly name: string;
  readonly messages: readonly [Buffer, Buffer];
  readonly sha1: string;
  /** The first block that differs: it brings the two chaining values apart. */
  readonly firstBlock: number;
  /** The block that brings them together again. */
  readonly lastBlock: number;
}

function message(name: string): Buffer {
  const digits = readFileSync(join(FOLDER, `${name}.hex`), "latin1");
  return Buffer.from(digits.replaceAll("\n", ""), "hex");
}

const pair = (name: string, sha1: string, firstBlock: number, lastBlock: number): Pair => ({
  name,
  messages: [message(`${name}-1`), message(`${name}-2`)],
  sha1,
  firstBlock,
  lastBlock,
});

export const PAIRS: readonly Pair[] = [
  pair("shattered", "f92d74e3874587aaf443d1db961d4e26dde13e9c", 3, 4),
  pair("sha-mbles", "8ac60ba76f1999a1ab70223f225aefdc78d4ddc0", 1, 9),
];

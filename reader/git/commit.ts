import { InvalidImageError } from "../errors.ts";
import { decodeCommitText } from "./commit-encoding.ts";
import { isObjectId } from "./object-id.ts";
import { parseSignature, type Signature } from "./signature.ts";

export type { Signature } from "./signature.ts";

/** A parsed commit object. */
export interface Commit {
  /** The root tree's id, hexadecimal. */
  readonly tree: string;
  /** Ids of the parents, which an image does not hold. */
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  /**
   * The text after the header's blank line; undefined when there is no blank line, as in the commit of a
   * folder.
   */
  readonly message: string | undefined;
  /**
   * What the commit says its text was written in, and it was decoded from if it is known; undefined for
   * UTF-8.
   */
  readonly encoding: string | undefined;
}

/**
 * Parses a commit object (git's `commit-format`: header lines, a blank line, the message). As git does, it
 * insists on the tree and on well-formed parents; of the other header lines those count that are known,
 * wherever they stand, and the last of several authors or committers. One that cannot be read, or is not
 * there, is no reason to refuse a commit: see `parseSignature`.
 *
 * @param object its id, which those that it names are as long as. Default: they may be of any object format.
 * @throws {InvalidImageError} fault `commit`: no tree is named, or a parent is malformed.
 */
export function parseCommit(bytes: Uint8Array, object?: string): Commit {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blank = buffer[0] === NEWLINE ? 0 : buffer.indexOf("\n\n");
  const header = buffer.subarray(0, blank < 0 ? buffer.length : blank);
  // As Latin-1 every byte is a character, so that what is ASCII can be read whatever the rest is.
  const raw = header.toString("latin1");
  const fail = (what: string) => new InvalidImageError("commit", what, { object });
  const isId = (id: string) => isObjectId(id) && (object === undefined || id.length === object.length);

  let position = 0;
  const take = (key: string): string | undefined => {
    if (!raw.startsWith(key, position)) return undefined;
    const value = restOfLine(raw, position + key.length);
    position += key.length + value.length + 1;
    return value;
  };
  const tree = take("tree ");
  if (tree === undefined || !isId(tree)) throw fail("the commit names no tree");
  const parents: string[] = [];
  for (let parent = take("parent "); parent !== undefined; parent = take("parent ")) {
    if (!isId(parent)) throw fail("the commit has a malformed parent line");
    parents.push(parent.toLowerCase());
  }
  const at = raw.indexOf("\nencoding ");
  const encoding = at < 0 ? undefined : restOfLine(raw, at + "\nencoding ".length);
  const text = decodeCommitText(header, encoding);
  return {
    tree: tree.toLowerCase(),
    parents,
    author: readSignature(text, "author"),
    committer: readSignature(text, "committer"),
    message: blank < 0 ? undefined : decodeCommitText(buffer.subarray(blank + 2), encoding),
    encoding,
  };
}

/**
 * The author or committer in the header of a commit, which begins with another line. Of several the last
 * counts, as in git.
 */
export function readSignature(header: string, key: "author" | "committer"): Signature {
  const start = `\n${key} `;
  const at = header.lastIndexOf(start);
  return parseSignature(at < 0 ? "" : restOfLine(header, at + start.length));
}

const NEWLINE = 0x0a;

function restOfLine(text: string, start: number): string {
  const end = text.indexOf("\n", start);
  return text.slice(start, end < 0 ? text.length : end);
}

import { InvalidImageError } from "../errors.ts";
import { isObjectId } from "./object-id.ts";

/** Who did something, and when. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Seconds since the epoch. */
  readonly date: number;
  /** The writer's offset from UTC in minutes; east is positive. */
  readonly zone: number;
}

/** A parsed commit object. */
export interface Commit {
  /** The root tree's id, 40 hexadecimal digits. */
  readonly tree: string;
  /** Ids of the parents, which an image does not hold. */
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  /** The text after the header's blank line; undefined when there is no blank line, as in the commit of a folder. */
  readonly message: string | undefined;
}

/** Some old commits have a zone of more or fewer than four digits (git's `badTimezone`), which is no reason to refuse them. */
const SIGNATURE =
  /^(?<name>.*?) ?<(?<email>[^<>]*)> (?<date>-?\d+) (?<sign>[+-])(?<hours>\d{0,6}?)(?<minutes>\d{1,2})$/s;

/** The seconds that a `Date` can hold, before and after the epoch. */
const LAST_SECOND = 8.64e12;

/**
 * Parses a commit object (git's `commit-format`: header lines, a blank line, the message). Header lines beyond the five
 * known ones (`encoding`, `gpgsig` and its continuation lines, ...) are passed over.
 *
 * @throws {InvalidImageError} fault `commit`: a needed line is missing, out of order or malformed.
 */
export function parseCommit(bytes: Uint8Array, object?: string): Commit {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const blank = text.startsWith("\n") ? 0 : text.indexOf("\n\n");
  const header = blank < 0 ? text : text.slice(0, blank);
  const lines = header.split("\n");

  let next = 0;
  const take = (key: string): string | undefined => {
    const line = lines[next];
    if (line === undefined || !line.startsWith(`${key} `)) return undefined;
    next++;
    return line.slice(key.length + 1);
  };
  const fail = (what: string) => new InvalidImageError("commit", what, { object });

  const tree = take("tree");
  if (tree === undefined || !isObjectId(tree)) throw fail("the commit names no tree");
  const parents: string[] = [];
  for (let parent = take("parent"); parent !== undefined; parent = take("parent")) {
    if (!isObjectId(parent)) throw fail("the commit has a malformed parent line");
    parents.push(parent);
  }
  const author = parseSignature(take("author"));
  if (author === undefined) throw fail("the commit has no well-formed author line");
  const committer = parseSignature(take("committer"));
  if (committer === undefined) throw fail("the commit has no well-formed committer line");
  return { tree, parents, author, committer, message: blank < 0 ? undefined : text.slice(blank + 2) };
}

function parseSignature(line: string | undefined): Signature | undefined {
  const parts = line === undefined ? undefined : SIGNATURE.exec(line)?.groups;
  if (parts === undefined) return undefined;
  const minutes = Number(parts.hours) * 60 + Number(parts.minutes);
  if (Math.abs(Number(parts.date)) > LAST_SECOND) return undefined;
  return {
    name: parts.name ?? "",
    email: parts.email ?? "",
    date: Number(parts.date),
    zone: parts.sign === "-" ? -minutes : minutes,
  };
}

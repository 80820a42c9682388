import { closeSync, openSync, readSync, statSync } from "node:fs";
import { DocteurError } from "../../reader/errors.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";
import { HASH_ALGORITHMS, ID_LENGTHS } from "../../reader/git/object-format.ts";
import { printable } from "../../reader/printable.ts";
import type { Ref } from "./refs.ts";

/** What a bundle says before its PACK. */
export interface BundleHeader {
  /** The hash function that names its objects. */
  readonly format: HashAlgorithm;
  /** Commits whose objects it omits, because its reader must have them. */
  readonly prerequisites: readonly string[];
  readonly refs: readonly Ref[];
  /** Bytes; the PACK follows. */
  readonly size: number;
}

/** The first line of a bundle. */
const SIGNATURE = /^# v([23]) git bundle\n/;

/** Bytes of that line. */
const SIGNATURE_SIZE = 16;

/** Bytes; a header has some 100 for each ref. */
const MAX_HEADER = 64 * 1024 * 1024;

/** Bytes that are read at first; most headers are shorter. */
const CHUNK = 64 * 1024;

/** Characters of a line that a message shows. */
const SHOWN = 60;

/** Whether there is, at a path, a regular file that begins as a bundle of version 2 or 3 does. */
export function isBundle(path: string): boolean {
  try {
    // Of a FIFO there may be no end.
    if (!statSync(path).isFile()) return false;
    const file = openSync(path, "r");
    try {
      return SIGNATURE.test(readAt(file, 0, SIGNATURE_SIZE).toString("latin1"));
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

/**
 * The header of an open bundle (gitformat-bundle(5)). Leaves the position of the file as it is.
 * @param path the bundle, for messages.
 * @throws {DocteurError} `BAD_BUNDLE`; what `fs` throws.
 */
export function readBundleHeader(file: number, path: string): BundleHeader {
  const bytes = headerBytes(file, path);
  const text = bytes.toString();
  const [, version] = SIGNATURE.exec(text) ?? [];
  if (version === undefined) throw badBundle(path, "it is no bundle of version 2 or 3");
  // The last line is empty.
  const lines = text.split("\n").slice(1, -2);
  let format: HashAlgorithm = "sha1";
  const prerequisites: string[] = [];
  const refs: Ref[] = [];
  for (const line of lines) {
    if (version === "3" && line.startsWith("@") && prerequisites.length + refs.length === 0) {
      format = capability(line, path) ?? format;
      continue;
    }
    const { id, name, isPrerequisite } = idLine(line, ID_LENGTHS[format], path);
    if (isPrerequisite) prerequisites.push(id);
    else refs.push({ id, name: belowRefs(name) });
  }
  return { format, prerequisites, refs, size: bytes.length };
}

/** @returns the hash function, if the line of a capability names it. */
function capability(line: string, path: string): HashAlgorithm | undefined {
  // A filter is what a partial clone lacks: whether that matters to one commit is found when it is packed.
  if (line.startsWith("@filter=")) return undefined;
  const [, hash] = /^@object-format=(.*)$/.exec(line) ?? [];
  const known = HASH_ALGORITHMS.find((name) => name === hash);
  if (known === undefined) throw badBundle(path, `docteur does not know its capability ${shown(line)}`);
  return known;
}

/**
 * The name by which a repository has a ref of a bundle. `git bundle create` takes what is no ref, such as
 * FETCH_HEAD, too; git would make a file of that name in the Git directory, whatever else such a file means.
 * Below `refs/` it is found by the same name.
 */
function belowRefs(name: string): string {
  return name === "HEAD" || name.startsWith("refs/") ? name : `refs/${name}`;
}

/** `ID SP NAME` of a ref, `-ID SP COMMENT` of a prerequisite, which may lack the comment. */
function idLine(
  line: string,
  idLength: number,
  path: string,
): { id: string; name: string; isPrerequisite: boolean } {
  const [, minus, id = "", name] = /^(-?)([0-9a-f]+)(?: ([^\0]*))?$/.exec(line) ?? [];
  const isPrerequisite = minus === "-";
  // Git takes an id of zeros for none, and removes the ref.
  if (id.length !== 2 * idLength || /^0+$/.test(id) || (name === undefined && !isPrerequisite)) {
    throw badBundle(path, `a line of its header is malformed: ${shown(line)}`);
  }
  return { id, name: name ?? "", isPrerequisite };
}

/** The header, the empty line at its end included. */
function headerBytes(file: number, path: string): Buffer {
  for (let size = CHUNK; size <= MAX_HEADER; size *= 4) {
    const bytes = readAt(file, 0, size);
    const end = bytes.indexOf("\n\n");
    if (end >= 0) return bytes.subarray(0, end + 2);
    if (bytes.length < size) throw badBundle(path, "it is cut short in its header");
  }
  throw badBundle(path, `its header has no end within ${MAX_HEADER} bytes`);
}

function readAt(file: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, offset));
}

function shown(line: string): string {
  return printable(line.length > SHOWN ? `${line.slice(0, SHOWN)}...` : line);
}

/** The error for a bundle that cannot be read. @param why a sentence without its full stop. */
export function badBundle(path: string, why: string): DocteurError {
  const remedy = "copy it again, or make it again with git bundle create";
  return new DocteurError("BAD_BUNDLE", `the bundle ${path} cannot be read: ${why}; ${remedy}`);
}

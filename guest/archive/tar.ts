import type { EntryType } from "../../reader/git/tree.ts";

/** Bytes to which everything in a tar is padded, and to which all of it is. */
const BLOCK = 512;
const RECORD = 20 * BLOCK;

/** The largest size and time of a ustar header: eleven octal digits. */
const LARGEST_NUMBER = 0o77777777777;

/** Bytes of the fields of a ustar header. */
const NAME = 100;
const PREFIX = 155;

const SLASH = 0x2f;

/** An entry of a tar, as git stores it. */
export interface TarEntry {
  readonly type: EntryType;
  /** A folder's ends in a slash. */
  readonly path: Uint8Array;
  /** Object id, hexadecimal: the name where the path, or the target of a link, does not fit. */
  readonly id: string;
  /** Bytes of a file; 0 for anything else. */
  readonly size: number;
  /** Of a symbolic link. */
  readonly target?: Uint8Array | undefined;
}

/**
 * Writes a tar in the pax format (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"), byte
 * for byte as `git archive` does with `tar.umask=022`: files are 0644 or 0755, all belong to root, and all
 * have one time.
 */
export class Tar {
  readonly #time: number;
  readonly #start: Uint8Array;

  /**
   * @param commit its id, which is a comment at the start, as `git get-tar-commit-id` reads it.
   * @param time seconds since the epoch, not negative.
   */
  constructor(commit: string, time: number) {
    const isTimeLarge = time > LARGEST_NUMBER;
    this.#time = isTimeLarge ? LARGEST_NUMBER : time;
    const records = [record("comment", commit), ...(isTimeLarge ? [record("mtime", String(time))] : [])];
    this.#start = this.#extended("g", "pax_global_header", records);
  }

  /** What comes before the first entry. */
  get start(): Uint8Array {
    return this.#start;
  }

  /** What comes before the content of an entry. */
  header({ type, path, id, size, target = new Uint8Array() }: TarEntry): Uint8Array {
    const records: Uint8Array[] = [];
    const split = path.length > NAME ? prefixLength(path) : 0;
    const isSplit = split > 0 && path.length - split - 1 <= NAME;
    const isPathLong = path.length > NAME && !isSplit;
    if (isPathLong) records.push(record("path", path));
    if (target.length > NAME) records.push(record("linkpath", target));
    if (size > LARGEST_NUMBER) records.push(record("size", String(size)));
    const header = this.#header({
      name: isPathLong ? Buffer.from(`${id}.data`) : isSplit ? path.subarray(split + 1) : path,
      prefix: isSplit ? path.subarray(0, split) : new Uint8Array(),
      mode: MODES[type],
      size: size > LARGEST_NUMBER ? 0 : size,
      flag: FLAGS[type],
      target: target.length > NAME ? Buffer.from(`see ${id}.paxheader`) : target,
    });
    return records.length === 0
      ? header
      : Buffer.concat([this.#extended("x", `${id}.paxheader`, records), header]);
  }

  /** What comes after a content of so many bytes. */
  padding(size: number): Uint8Array {
    return new Uint8Array(-size & (BLOCK - 1));
  }

  /** What comes after the last entry. @param size bytes of all that comes before. */
  end(size: number): Uint8Array {
    const rest = RECORD - (size % RECORD);
    // Two blocks of zeroes at least.
    return new Uint8Array(rest < 2 * BLOCK ? rest + RECORD : rest);
  }

  #extended(flag: "g" | "x", name: string, records: readonly Uint8Array[]): Uint8Array {
    const content = Buffer.concat(records);
    const header = this.#header({
      name: Buffer.from(name),
      prefix: new Uint8Array(),
      mode: 0o666,
      size: content.length,
      flag,
      target: new Uint8Array(),
    });
    return Buffer.concat([header, content, this.padding(content.length)]);
  }

  #header({ name, prefix, mode, size, flag, target }: HeaderFields): Buffer {
    const header = Buffer.alloc(BLOCK);
    header.set(name, 0);
    octal(header, mode, 100, 7);
    octal(header, 0, 108, 7);
    octal(header, 0, 116, 7);
    octal(header, size, 124, 11);
    octal(header, this.#time, 136, 11);
    header.fill(" ", 148, 156);
    header.write(flag, 156, "latin1");
    header.set(target, 157);
    header.write("ustar\x0000root", 257, "latin1");
    header.write("root", 297, "latin1");
    octal(header, 0, 329, 7);
    octal(header, 0, 337, 7);
    header.set(prefix, 345);
    let sum = 0;
    for (const byte of header) sum += byte;
    octal(header, sum, 148, 7);
    header[155] = 0;
    return header;
  }
}

interface HeaderFields {
  readonly name: Uint8Array;
  readonly prefix: Uint8Array;
  readonly mode: number;
  readonly size: number;
  readonly flag: string;
  readonly target: Uint8Array;
}

const MODES: Readonly<Record<EntryType, number>> = {
  file: 0o644,
  executable: 0o755,
  symlink: 0o777,
  tree: 0o755,
  gitlink: 0o755,
};

const FLAGS: Readonly<Record<EntryType, string>> = {
  file: "0",
  executable: "0",
  symlink: "2",
  tree: "5",
  gitlink: "5",
};

function octal(header: Buffer, number: number, offset: number, digits: number): void {
  header.write(number.toString(8).padStart(digits, "0"), offset, "latin1");
}

/** Bytes of the part of a long path that may be a ustar prefix: up to a slash; 0 if there is none. */
function prefixLength(path: Uint8Array): number {
  const last = path.at(-1) === SLASH ? path.length - 1 : path.length;
  return Math.max(0, path.lastIndexOf(SLASH, Math.min(last, PREFIX) - 1));
}

/** A record of an extended header: its own length in decimal digits, keyword and value. */
function record(keyword: string, value: string | Uint8Array): Uint8Array {
  const text = Buffer.concat([Buffer.from(` ${keyword}=`), Buffer.from(value), Buffer.from("\n")]);
  let length = text.length;
  // The digits count themselves.
  while (String(length).length + text.length !== length) length = String(length).length + text.length;
  return Buffer.concat([Buffer.from(String(length)), text]);
}

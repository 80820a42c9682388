/** Bytes of a header, and of what contents are padded to a multiple of (POSIX.1-2001, pax, "ustar Interchange Format"). */
export const TAR_BLOCK = 512;

/** What a header says of an entry, as far as finding a file needs it. */
export interface TarHeader {
  /** Without `./` at its start. */
  readonly name: string;
  /** Bytes of the content that follows. */
  readonly size: number;
  /** One character: `0` a file, `5` a folder, `x` and `g` extended headers. */
  readonly type: string;
}

/** What `encodeTarHeader` writes besides the owner, the mode and the times, which are the same for all. */
export interface TarEntry {
  /** At most 100 bytes, ASCII. */
  readonly name: string;
  readonly size: number;
  readonly type: "0" | "5";
  /** The user and the group, by number. */
  readonly owner: number;
  /** Permission bits. Default: 0444, and 0555 for a folder. */
  readonly mode?: number | undefined;
}

const SIZE_AT = 124;
const SIZE_LENGTH = 12;
const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;
const MAGIC_AT = 257;
const PREFIX_AT = 345;
const PREFIX_LENGTH = 155;
/** The most that eleven octal digits hold. */
const LARGEST_OCTAL = 8 ** 11 - 1;
/** The bit of the first byte that says that a number is binary (GNU tar, "Basic Tar Format"). */
const BINARY = 0x80;

/**
 * A header: ustar; GNU's where the size takes more than eleven octal digits, so that it stays one block. The
 * time is the epoch, so that the same content gives the same archive.
 */
export function encodeTarHeader({ name, size, type, owner, mode }: TarEntry): Uint8Array {
  const block = Buffer.alloc(TAR_BLOCK);
  const isLarge = size > LARGEST_OCTAL;
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  block.write(name, 0, 100, "latin1");
  octal(mode ?? (type === "5" ? 0o555 : 0o444), 100, 8);
  octal(owner, 108, 8);
  octal(owner, 116, 8);
  if (isLarge) {
    block.writeBigUInt64BE(BigInt(size), SIZE_AT + SIZE_LENGTH - 8);
    block[SIZE_AT] = BINARY;
  } else octal(size, SIZE_AT, SIZE_LENGTH);
  octal(0, 136, 12);
  block.write(type, 156, "latin1");
  block.write(isLarge ? "ustar  \0" : "ustar\x0000", MAGIC_AT, "latin1");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, CHECKSUM_AT, "latin1");
  return block;
}

/**
 * Reads a header: ustar, GNU's, or that of the seventh edition.
 *
 * @param block `TAR_BLOCK` bytes.
 * @returns undefined for one that begins the end of an archive, all zeroes.
 * @throws {RangeError} for anything else; the message says what is wrong.
 */
export function decodeTarHeader(block: Uint8Array): TarHeader | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  if (bytes.length !== TAR_BLOCK) throw new RangeError("it is cut short");
  if (bytes.every((byte) => byte === 0)) return undefined;
  const stated = textAt(bytes, CHECKSUM_AT, CHECKSUM_LENGTH).trim();
  if (!/^[0-7]+$/.test(stated) || Number.parseInt(stated, 8) !== checksum(bytes)) {
    throw new RangeError("there is no tar header where one must be");
  }
  const name = textAt(bytes, 0, 100);
  // GNU has other fields where ustar has the prefix.
  const isUstar = bytes.toString("latin1", MAGIC_AT, MAGIC_AT + 6) === "ustar\0";
  const prefix = isUstar ? textAt(bytes, PREFIX_AT, PREFIX_LENGTH) : "";
  const type = String.fromCharCode(bytes[156] as number);
  return {
    name: (prefix === "" ? name : `${prefix}/${name}`).replace(/^(?:\.?\/)+/, ""),
    size: sizeAt(bytes),
    type: type === "\0" ? "0" : type,
  };
}

/** The end of the content of an entry, from its start, with its padding. */
export function padded(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
}

function sizeAt(bytes: Buffer): number {
  const first = bytes[SIZE_AT] as number;
  if ((first & BINARY) === 0) return octalAt(bytes, SIZE_AT, SIZE_LENGTH);
  const high = bytes.subarray(SIZE_AT + 1, SIZE_AT + SIZE_LENGTH - 8);
  const size = bytes.readBigUInt64BE(SIZE_AT + SIZE_LENGTH - 8);
  if (first !== BINARY || high.some((byte) => byte !== 0) || size > Number.MAX_SAFE_INTEGER) {
    throw new RangeError("an entry has a size that no file has");
  }
  return Number(size);
}

function octalAt(bytes: Buffer, at: number, length: number): number {
  const text = textAt(bytes, at, length).trim();
  if (!/^[0-7]*$/.test(text)) throw new RangeError("a header has a malformed number");
  return text === "" ? 0 : Number.parseInt(text, 8);
}

function textAt(bytes: Buffer, at: number, length: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString("utf8", at, end < 0 ? at + length : Math.min(end, at + length));
}

/** The sum of all bytes, the checksum's own taken for blanks. */
function checksum(block: Uint8Array): number {
  let sum = 0x20 * CHECKSUM_LENGTH;
  block.forEach((byte, at) => {
    if (at < CHECKSUM_AT || at >= CHECKSUM_AT + CHECKSUM_LENGTH) sum += byte;
  });
  return sum;
}

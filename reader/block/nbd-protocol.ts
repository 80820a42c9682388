/**
 * The protocol of network block devices, as far as both of docteur's ends speak it: the fixed newstyle
 * handshake, simple replies (NetworkBlockDevice/nbd, doc/proto.md). All numbers are big-endian.
 */

/** `NBDMAGIC`, `IHAVEOPT`, and what begins each answer to an option. */
export const GREETING_MAGIC = 0x4e42444d41474943n;
export const OPTION_MAGIC = 0x49484156454f5054n;
export const OPTION_REPLY_MAGIC = 0x0003e889045565a9n;

/** What begins a request, and a simple reply to one. */
export const REQUEST_MAGIC = 0x25609513;
export const REPLY_MAGIC = 0x67446698;

/** Flags of the handshake; a client's are the same. */
export const HandshakeFlag = { FIXED_NEWSTYLE: 1, NO_ZEROES: 2 } as const;

export const OptionType = { EXPORT_NAME: 1, ABORT: 2, LIST: 3, INFO: 6, GO: 7 } as const;

export const OptionReply = {
  ACK: 1,
  SERVER: 2,
  INFO: 3,
  ERR_UNSUP: 0x8000_0001,
  ERR_POLICY: 0x8000_0002,
  ERR_INVALID: 0x8000_0003,
  ERR_TLS_REQD: 0x8000_0005,
  ERR_UNKNOWN: 0x8000_0006,
  ERR_BLOCK_SIZE_REQD: 0x8000_0008,
  ERR_TOO_BIG: 0x8000_0009,
} as const;

export const InfoType = { EXPORT: 0, BLOCK_SIZE: 3 } as const;

export const TransmissionFlag = { HAS_FLAGS: 1, READ_ONLY: 2, CAN_MULTI_CONN: 256 } as const;

export const CommandType = {
  READ: 0,
  WRITE: 1,
  DISC: 2,
  FLUSH: 3,
  TRIM: 4,
  CACHE: 5,
  WRITE_ZEROES: 6,
} as const;

/** Numbers of errors, the same on all systems. */
export const ErrorNumber = { EPERM: 1, EIO: 5, EINVAL: 22 } as const;

/** Bytes that a request may read where the two ends have agreed on nothing else. */
export const MAX_LENGTH: number = 32 * 1024 * 1024;

/** Bytes of the greeting, and of the headers of options, of their answers, of requests, of replies. */
export const GREETING_BYTES = 18;
export const OPTION_BYTES = 16;
export const OPTION_REPLY_BYTES = 20;
export const REQUEST_BYTES = 28;
export const REPLY_BYTES = 16;

/** Zeroes that follow the answer to `EXPORT_NAME`, unless both ends leave them out. */
export const EXPORT_NAME_ZEROES = 124;

/** The name of an error that a server answers with. */
export function errorName(error: number): string {
  return Object.entries(ErrorNumber).find(([, number]) => number === error)?.[0] ?? `error ${error}`;
}

/** An option that a client sends. */
export function encodeOption(type: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(OPTION_BYTES + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, OPTION_MAGIC);
  view.setUint32(8, type);
  view.setUint32(12, data.length);
  bytes.set(data, OPTION_BYTES);
  return bytes;
}

/** The data of `INFO` and of `GO`: the export, and what the client wants to know of it. */
export function encodeInfoRequest(exportName: Uint8Array, wanted: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + exportName.length + 2 + 2 * wanted.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, exportName.length);
  bytes.set(exportName, 4);
  view.setUint16(4 + exportName.length, wanted.length);
  for (const [index, type] of wanted.entries()) view.setUint16(6 + exportName.length + 2 * index, type);
  return bytes;
}

/** The header of an answer to an option. */
export interface OptionReplyHeader {
  readonly option: number;
  readonly type: number;
  /** Bytes of data that follow. */
  readonly length: number;
}

/** @returns undefined if it is none. */
export function decodeOptionReply(bytes: Uint8Array): OptionReplyHeader | undefined {
  const view = viewOf(bytes);
  if (view.getBigUint64(0) !== OPTION_REPLY_MAGIC) return undefined;
  return { option: view.getUint32(8), type: view.getUint32(12), length: view.getUint32(16) };
}

/** A request to read. @param cookie comes back with the reply. */
export function encodeRequest(type: number, cookie: bigint, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_MAGIC);
  view.setUint16(6, type);
  view.setBigUint64(8, cookie);
  view.setBigUint64(16, BigInt(offset));
  view.setUint32(24, length);
  return bytes;
}

/** The header of a simple reply. The bytes that were read follow it, if there is no error. */
export interface ReplyHeader {
  readonly error: number;
  readonly cookie: bigint;
}

/** @returns undefined if it is none. */
export function decodeReply(bytes: Uint8Array): ReplyHeader | undefined {
  const view = viewOf(bytes);
  if (view.getUint32(0) !== REPLY_MAGIC) return undefined;
  return { error: view.getUint32(4), cookie: view.getBigUint64(8) };
}

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

import type { Writable } from "node:stream";
import {
  EXPORT_NAME_ZEROES,
  GREETING_BYTES,
  GREETING_MAGIC,
  HandshakeFlag,
  InfoType,
  MAX_LENGTH,
  OPTION_BYTES,
  OPTION_MAGIC,
  OPTION_REPLY_BYTES,
  OPTION_REPLY_MAGIC,
  OptionReply,
  OptionType,
  TransmissionFlag,
} from "../../reader/block/nbd-protocol.ts";
import type { ByteReader } from "./byte-reader.ts";

/** Bytes of an option that are read; of a longer one they are dropped, up to `MAX_DROPPED`. */
const MAX_OPTION = 8 * 1024;
const MAX_DROPPED = 1024 * 1024;

/** A client needs about five. */
const MAX_OPTIONS = 256;

/** The unit that suits reading: the host's blocks. */
const PREFERRED_BLOCK = 64 * 1024;

const FLAGS = TransmissionFlag.HAS_FLAGS | TransmissionFlag.READ_ONLY | TransmissionFlag.CAN_MULTI_CONN;

/**
 * A server's part of the fixed newstyle handshake, for one export, which any client finds by the empty name.
 * Options that it does not know are refused as the protocol has it.
 *
 * @param size bytes of the export.
 * @returns whether the client now sends requests; if not, it has ended the connection, or is to lose it.
 */
export async function serveHandshake(
  reader: ByteReader,
  socket: Writable,
  size: number,
  exportName: string,
): Promise<boolean> {
  socket.write(greeting());
  const clientFlags = (await reader.exactly(4))?.readUInt32BE();
  if (clientFlags === undefined) return false;
  const isFixed = (clientFlags & HandshakeFlag.FIXED_NEWSTYLE) !== 0;
  const noZeroes = (clientFlags & HandshakeFlag.NO_ZEROES) !== 0;
  // A client that wants more than was offered: the protocol has the server hang up.
  if ((clientFlags & ~(HandshakeFlag.FIXED_NEWSTYLE | HandshakeFlag.NO_ZEROES)) !== 0) return false;
  for (let count = 0; count < MAX_OPTIONS; count++) {
    const header = await reader.exactly(OPTION_BYTES);
    if (header === undefined || header.readBigUInt64BE() !== OPTION_MAGIC) return false;
    const [type, length] = [header.readUInt32BE(8), header.readUInt32BE(12)];
    if (!isFixed && type !== OptionType.EXPORT_NAME) return false;
    const reply = (kind: number, data?: Uint8Array) => socket.write(optionReply(type, kind, data));
    if (length > MAX_OPTION) {
      if (length > MAX_DROPPED || !(await reader.skip(length))) return false;
      if (type === OptionType.EXPORT_NAME) return false;
      reply(OptionReply.ERR_TOO_BIG);
      continue;
    }
    const data = await reader.exactly(length);
    if (data === undefined) return false;
    switch (type) {
      case OptionType.EXPORT_NAME:
        // This option has no answer but the export.
        if (!isName(data, exportName)) return false;
        socket.write(exportAnswer(size, noZeroes));
        return true;
      case OptionType.ABORT:
        reply(OptionReply.ACK);
        return false;
      case OptionType.LIST:
        if (length > 0) reply(OptionReply.ERR_INVALID);
        else {
          reply(OptionReply.SERVER, listEntry(exportName));
          reply(OptionReply.ACK);
        }
        break;
      case OptionType.INFO:
      case OptionType.GO: {
        const request = decodeInfoRequest(data);
        if (request === undefined) reply(OptionReply.ERR_INVALID);
        else if (!isName(request.name, exportName)) reply(OptionReply.ERR_UNKNOWN);
        else {
          reply(OptionReply.INFO, exportInfo(size));
          if (request.wanted.includes(InfoType.BLOCK_SIZE)) reply(OptionReply.INFO, blockSizeInfo());
          reply(OptionReply.ACK);
          if (type === OptionType.GO) return true;
        }
        break;
      }
      default:
        reply(OptionReply.ERR_UNSUP);
    }
  }
  return false;
}

function greeting(): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes.writeBigUInt64BE(GREETING_MAGIC);
  bytes.writeBigUInt64BE(OPTION_MAGIC, 8);
  bytes.writeUInt16BE(HandshakeFlag.FIXED_NEWSTYLE | HandshakeFlag.NO_ZEROES, 16);
  return bytes;
}

function optionReply(option: number, type: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(OPTION_REPLY_BYTES);
  header.writeBigUInt64BE(OPTION_REPLY_MAGIC);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(type, 12);
  header.writeUInt32BE(data.length, 16);
  return Buffer.concat([header, data]);
}

function isName(name: Buffer, exportName: string): boolean {
  return name.length === 0 || name.equals(Buffer.from(exportName));
}

function decodeInfoRequest(data: Buffer): { name: Buffer; wanted: number[] } | undefined {
  if (data.length < 6) return undefined;
  const length = data.readUInt32BE();
  if (length > data.length - 6) return undefined;
  const count = data.readUInt16BE(4 + length);
  if (data.length !== 6 + length + 2 * count) return undefined;
  const wanted = Array.from({ length: count }, (_, index) => data.readUInt16BE(6 + length + 2 * index));
  return { name: data.subarray(4, 4 + length), wanted };
}

function exportAnswer(size: number, noZeroes: boolean): Buffer {
  const bytes = Buffer.alloc(10 + (noZeroes ? 0 : EXPORT_NAME_ZEROES));
  bytes.writeBigUInt64BE(BigInt(size));
  bytes.writeUInt16BE(FLAGS, 8);
  return bytes;
}

function listEntry(exportName: string): Buffer {
  const name = Buffer.from(exportName);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return Buffer.concat([length, name]);
}

function exportInfo(size: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(InfoType.EXPORT);
  bytes.writeBigUInt64BE(BigInt(size), 2);
  bytes.writeUInt16BE(FLAGS, 10);
  return bytes;
}

function blockSizeInfo(): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt16BE(InfoType.BLOCK_SIZE);
  bytes.writeUInt32BE(1, 2);
  bytes.writeUInt32BE(PREFERRED_BLOCK, 6);
  bytes.writeUInt32BE(MAX_LENGTH, 10);
  return bytes;
}

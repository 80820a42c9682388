import * as fs from "node:fs";
import type { SourceError } from "../source-error.ts";
import { type BlockDevice, startOfSectors } from "./device.ts";
import {
  CommandType,
  decodeOptionReply,
  decodeReply,
  encodeInfoRequest,
  encodeOption,
  encodeRequest,
  errorName,
  GREETING_BYTES,
  GREETING_MAGIC,
  HandshakeFlag,
  InfoType,
  MAX_LENGTH,
  OPTION_REPLY_BYTES,
  OptionReply,
  OptionType,
  REPLY_BYTES,
  viewOf,
} from "./nbd-protocol.ts";
import { sourceFault } from "./source-fault.ts";

/** The unit of Linux' block layer. NBD has none. */
const SECTOR_SIZE = 512;

/** The server's blocks are as large, and a request costs a change of processes. */
const IO_SIZE = 64 * 1024;

/** Bytes of data in an answer to an option. */
const MAX_ANSWER = 64 * 1024;

/**
 * Opens the export without a name of the NBD server at the other end of a socket, which this process has
 * inherited and which blocks. Only for a server that the parent of this process runs: it is trusted to speak
 * the protocol.
 *
 * @param path what messages call the image.
 * @throws {SourceError} `SOURCE_UNREACHABLE`, if there is no such server.
 */
export function openNbdDevice(fd: number, path: string): BlockDevice {
  return new NbdDevice(fd, path);
}

class NbdDevice implements BlockDevice {
  readonly sectorSize = SECTOR_SIZE;
  readonly sectorCount: number;
  readonly size: number;
  readonly optimalIoSize = IO_SIZE;
  /** Other threads cannot share the connection. */
  readonly path = undefined;
  readonly #fd: number;
  readonly #name: string;
  #cookie = 0n;

  constructor(fd: number, name: string) {
    this.#fd = fd;
    this.#name = name;
    this.size = this.#handshake();
    this.sectorCount = Math.ceil(this.size / SECTOR_SIZE);
  }

  readSectors(first: number, into: Uint8Array): void {
    const start = startOfSectors(this, first, into, this.#name);
    const end = Math.min(into.length, this.size - start);
    for (let done = 0; done < end; done += MAX_LENGTH) {
      this.#read(start + done, into.subarray(done, Math.min(done + MAX_LENGTH, end)));
    }
    into.fill(0, end);
  }

  /** Does nothing: the connection stays as long as the process, which may read the image once more. */
  close(): void {}

  #handshake(): number {
    const greeting = viewOf(this.#exactly(GREETING_BYTES));
    if (greeting.getBigUint64(0) !== GREETING_MAGIC) throw this.#fault("no NBD server is there");
    const flags = new Uint8Array(4);
    viewOf(flags).setUint32(0, HandshakeFlag.FIXED_NEWSTYLE | HandshakeFlag.NO_ZEROES);
    this.#write(flags);
    this.#write(encodeOption(OptionType.GO, encodeInfoRequest(new Uint8Array(0), [])));
    for (let size: number | undefined; ; ) {
      const header = decodeOptionReply(this.#exactly(OPTION_REPLY_BYTES));
      if (header === undefined || header.length > MAX_ANSWER)
        throw this.#fault("the NBD server breaks the protocol");
      const data = viewOf(this.#exactly(header.length));
      if (header.type === OptionReply.ACK && size !== undefined) return size;
      if (header.type !== OptionReply.INFO) throw this.#fault("the NBD server refuses to serve it");
      if (data.getUint16(0) === InfoType.EXPORT) size = Number(data.getBigUint64(2));
    }
  }

  #read(offset: number, into: Uint8Array): void {
    this.#write(encodeRequest(CommandType.READ, this.#cookie, offset, into.length));
    const reply = decodeReply(this.#exactly(REPLY_BYTES));
    if (reply?.cookie !== this.#cookie++) throw this.#fault("the NBD server breaks the protocol");
    if (reply.error !== 0) throw this.#fault(errorName(reply.error));
    this.#fill(into);
  }

  #exactly(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#fill(bytes);
    return bytes;
  }

  #fill(into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const read = this.#call(() => fs.readSync(this.#fd, into, done, into.length - done, null));
      if (read === 0) throw this.#fault("the NBD server has gone");
      done += read;
    }
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      done += this.#call(() => fs.writeSync(this.#fd, bytes, done, bytes.length - done));
    }
  }

  #call(operation: () => number): number {
    try {
      return operation();
    } catch (cause) {
      throw this.#fault((cause as NodeJS.ErrnoException).code ?? "a defect", { cause });
    }
  }

  #fault(why: string, options?: ErrorOptions): SourceError {
    return sourceFault(this.#name, why, options);
  }
}

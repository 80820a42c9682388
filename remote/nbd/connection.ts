import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  CommandType,
  decodeOptionReply,
  decodeReply,
  EXPORT_NAME_ZEROES,
  encodeInfoRequest,
  encodeOption,
  encodeRequest,
  errorName,
  GREETING_BYTES,
  GREETING_MAGIC,
  HandshakeFlag,
  InfoType,
  MAX_LENGTH,
  OPTION_MAGIC,
  OPTION_REPLY_BYTES,
  OptionReply,
  OptionType,
  REPLY_BYTES,
} from "../../reader/block/nbd-protocol.ts";
import { SourceError } from "../../reader/source-error.ts";
import type { NbdAddress } from "../address.ts";
import { ByteReader } from "./byte-reader.ts";

/** Bytes of data in an answer to an option: a message for people has at most 4,096. */
const MAX_ANSWER = 64 * 1024;

/** Answers to one option. A server sends about three. */
const MAX_ANSWERS = 64;

/** What a server says of an export. */
export interface NbdExport {
  /** Bytes. */
  readonly size: number;
  /** What offsets and lengths of requests are multiples of. */
  readonly minimumBlock: number;
  /** Bytes that a request may ask for. */
  readonly maximumLength: number;
}

/** The connection was lost: the next one may do better. */
export class ConnectionLostError extends Error {
  override name = "ConnectionLostError";
}

interface Waiting {
  readonly length: number;
  resolve(bytes: Buffer): void;
  reject(error: unknown): void;
}

/** A connection to a server of NBD, as a client that only reads. */
export class NbdConnection implements Disposable {
  readonly #socket: Socket;
  readonly #reader: ByteReader;
  readonly #display: string;
  readonly #waiting = new Map<bigint, Waiting>();
  #export: NbdExport | undefined;
  #cookie = 0n;
  #lost: Error | undefined;

  private constructor(socket: Socket, display: string) {
    this.#socket = socket;
    this.#display = display;
    this.#reader = new ByteReader(socket);
  }

  /**
   * Connects, and does the handshake up to the export's description.
   *
   * @param transmits whether `read` is to follow; if not, the server does not count the client as one.
   * @throws {SourceError} `SOURCE_NOT_FOUND`, `SOURCE_DENIED`, `SOURCE_UNSUPPORTED`, `SOURCE_MALFORMED`.
   * @throws {ConnectionLostError} the signal's reason when aborted.
   */
  static async open(address: NbdAddress, transmits: boolean, signal: AbortSignal): Promise<NbdConnection> {
    const { server, display } = address;
    signal.throwIfAborted();
    const socket = connect(server);
    socket.setNoDelay(true);
    // What waits for the socket gets its error. It may come when nothing waits.
    socket.on("error", () => {});
    const abort = () => void socket.destroy(signal.reason as Error);
    signal.addEventListener("abort", abort);
    const connection = new NbdConnection(socket, display);
    try {
      await once(socket, "connect");
      connection.#export = await connection.#handshake(address, transmits);
    } catch (error) {
      socket.destroy();
      signal.throwIfAborted();
      if (error instanceof SourceError) throw error;
      throw lost(error);
    } finally {
      signal.removeEventListener("abort", abort);
    }
    socket.on("error", (error) => connection.#fail(lost(error)));
    socket.on("close", () =>
      connection.#fail(new ConnectionLostError("the server has closed the connection")),
    );
    if (transmits) void connection.#receive();
    return connection;
  }

  /** What the server has said. */
  get export(): NbdExport {
    return this.#export!;
  }

  /** Whether it can be read from. */
  get isOpen(): boolean {
    return this.#lost === undefined;
  }

  /**
   * Reads exactly `length` bytes from `offset` on, with one request: both are multiples of the export's
   * `minimumBlock`, except at its end.
   * @throws {SourceError} @throws {ConnectionLostError} the signal's reason when aborted.
   */
  async read(offset: number, length: number, signal: AbortSignal): Promise<Buffer> {
    signal.throwIfAborted();
    if (this.#lost !== undefined) throw this.#lost;
    const cookie = this.#cookie++;
    let abort = () => {};
    const answer = new Promise<Buffer>((resolve, reject) => {
      this.#waiting.set(cookie, { length, resolve, reject });
      // The answer is read all the same: what follows it is another's.
      abort = () => reject(signal.reason);
    });
    signal.addEventListener("abort", abort);
    this.#socket.write(encodeRequest(CommandType.READ, cookie, offset, length));
    return answer.finally(() => signal.removeEventListener("abort", abort));
  }

  /** Leaves the server. Reads that are under way fail. */
  [Symbol.dispose](): void {
    if (this.isOpen && this.#socket.writable) {
      this.#socket.end(encodeRequest(CommandType.DISC, this.#cookie++, 0, 0));
    }
    this.#fail(new ConnectionLostError("the connection is closed"));
  }

  async #handshake(address: NbdAddress, transmits: boolean): Promise<NbdExport> {
    const greeting = await this.#exactly(GREETING_BYTES);
    if (greeting.readBigUInt64BE() !== GREETING_MAGIC) throw this.#malformed("this is no NBD server");
    const flags = greeting.readUInt16BE(16);
    if (greeting.readBigUInt64BE(8) !== OPTION_MAGIC || (flags & HandshakeFlag.FIXED_NEWSTYLE) === 0) {
      throw this.#unsupported("the server speaks NBD without the fixed newstyle handshake: use a newer one");
    }
    const clientFlags = Buffer.alloc(4);
    clientFlags.writeUInt32BE(flags & (HandshakeFlag.FIXED_NEWSTYLE | HandshakeFlag.NO_ZEROES));
    this.#socket.write(clientFlags);
    const name = Buffer.from(address.exportName);
    const option = transmits ? OptionType.GO : OptionType.INFO;
    this.#socket.write(encodeOption(option, encodeInfoRequest(name, [InfoType.BLOCK_SIZE])));
    const found = await this.#answers(option, address);
    if (!transmits) this.#socket.end(encodeOption(OptionType.ABORT, Buffer.alloc(0)));
    if (found !== undefined) return found;
    // A server from before 2017 knows only the option without an answer. It hangs up for an unknown name.
    if (!transmits) throw this.#unsupported("the server does not know NBD_OPT_INFO: use a newer one");
    this.#socket.write(encodeOption(OptionType.EXPORT_NAME, name));
    const answer = await this.#reader.exactly(10);
    if (answer === undefined) throw this.#notFound(address);
    if ((flags & HandshakeFlag.NO_ZEROES) === 0) await this.#exactly(EXPORT_NAME_ZEROES);
    return { size: this.#size(answer.readBigUInt64BE()), minimumBlock: 1, maximumLength: MAX_LENGTH };
  }

  /** Reads the answers to `INFO` or `GO`. @returns undefined if the server does not know the option. */
  async #answers(option: number, address: NbdAddress): Promise<NbdExport | undefined> {
    let size: number | undefined;
    let [minimumBlock, maximumLength] = [1, MAX_LENGTH];
    for (let count = 0; count < MAX_ANSWERS; count++) {
      const header = decodeOptionReply(await this.#exactly(OPTION_REPLY_BYTES));
      if (header?.option !== option || header.length > MAX_ANSWER) {
        throw this.#malformed("its answer breaks the protocol");
      }
      const data = await this.#exactly(header.length);
      switch (header.type) {
        case OptionReply.ACK:
          if (size === undefined) throw this.#malformed("it does not say how large the export is");
          return { size, minimumBlock, maximumLength };
        case OptionReply.INFO:
          if (data.length === 12 && data.readUInt16BE() === InfoType.EXPORT) {
            size = this.#size(data.readBigUInt64BE(2));
          } else if (data.length === 14 && data.readUInt16BE() === InfoType.BLOCK_SIZE) {
            minimumBlock = data.readUInt32BE(2);
            // A whole number of blocks; the largest number means that there is no limit.
            maximumLength = Math.min(data.readUInt32BE(10), MAX_LENGTH);
            maximumLength -= maximumLength % minimumBlock;
            if (!(minimumBlock >= 1 && minimumBlock <= 65536 && maximumLength >= minimumBlock)) {
              throw this.#malformed("it names sizes of blocks that break the protocol");
            }
          }
          break;
        case OptionReply.ERR_UNSUP:
          return undefined;
        case OptionReply.ERR_UNKNOWN:
          throw this.#notFound(address);
        case OptionReply.ERR_TLS_REQD:
          throw this.#unsupported("the server wants TLS, which docteur does not speak with NBD");
        case OptionReply.ERR_POLICY:
          throw new SourceError(
            "SOURCE_DENIED",
            `${this.#display}: the server refuses the export to this client`,
          );
        default:
          throw this.#malformed(`the server refuses the export (${header.type.toString(16)})`);
      }
    }
    throw this.#malformed("its answer does not end");
  }

  async #receive(): Promise<void> {
    try {
      for (;;) {
        const reply = decodeReply(await this.#exactly(REPLY_BYTES));
        const waiting = reply && this.#waiting.get(reply.cookie);
        if (waiting === undefined) throw this.#malformed("it answers what was not asked");
        if (reply!.error !== 0) {
          waiting.reject(
            new SourceError(
              "SOURCE_UNREACHABLE",
              `${this.#display}: the server cannot read the export (${errorName(reply!.error)}); look into its log`,
            ),
          );
        } else waiting.resolve(await this.#exactly(waiting.length));
        this.#waiting.delete(reply!.cookie);
      }
    } catch (error) {
      this.#fail(error instanceof SourceError ? error : lost(error));
    }
  }

  async #exactly(length: number): Promise<Buffer> {
    const bytes = await this.#reader.exactly(length);
    if (bytes === undefined) throw new ConnectionLostError("the server has closed the connection");
    return bytes;
  }

  #fail(error: Error): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    // What is still to be sent is sent first, where the end has been asked for.
    if (this.#socket.writableEnded) this.#socket.destroySoon();
    else this.#socket.destroy();
  }

  #size(size: bigint): number {
    if (size > Number.MAX_SAFE_INTEGER) throw this.#malformed(`it has an export of ${size} bytes`);
    return Number(size);
  }

  #notFound({ exportName }: NbdAddress): SourceError {
    const name = exportName === "" ? "no export by default: name one" : `no export named ${exportName}`;
    return new SourceError("SOURCE_NOT_FOUND", `${this.#display}: the server has ${name}`);
  }

  #malformed(what: string): SourceError {
    return new SourceError("SOURCE_MALFORMED", `${this.#display}: ${what}`);
  }

  #unsupported(what: string): SourceError {
    return new SourceError("SOURCE_UNSUPPORTED", `${this.#display}: ${what}`);
  }
}

function lost(cause: unknown): ConnectionLostError {
  if (cause instanceof ConnectionLostError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  return new ConnectionLostError(code ?? message, { cause });
}

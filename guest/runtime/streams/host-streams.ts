import type { Duplex } from "node:stream";
import { malformed } from "../../protocol/frame.ts";
import { type AccessRecord, encodeAccess } from "../../protocol/streams/access-record.ts";
import { StreamFrameType } from "../../protocol/streams/frame.ts";
import { Multiplexer } from "../../protocol/streams/multiplexer.ts";
import { decodeOpening } from "../../protocol/streams/opening.ts";
import type { Stream } from "../../protocol/streams/stream.ts";
import { forward } from "./forward.ts";
import { PortTransport } from "./port-transport.ts";
import { StreamSocket } from "./stream-socket.ts";

/** Takes the connections of a port. */
export type Acceptor = (socket: Duplex) => void;

/** The connections that the host accepts for this guest. */
export class HostStreams {
  readonly #multiplexer: Multiplexer;
  readonly #transport: PortTransport;
  readonly #acceptors = new Map<number, Acceptor>();

  /** @param fd the port for streams. */
  constructor(fd: number) {
    this.#transport = new PortTransport(
      fd,
      (bytes) => this.#multiplexer.receive(bytes),
      () => this.#multiplexer.lose(),
    );
    this.#multiplexer = new Multiplexer(this.#transport, {
      onOpen: (stream, opening) => this.#open(stream, opening),
      onControl: (type, payload) => this.#control(type, payload),
    });
    // The channel keeps the process alive.
    this.#transport.unref();
  }

  /**
   * Takes the connections of a port of the machine from now on. Those of any other port are forwarded to what
   * listens at it on the loopback.
   */
  accept(port: number, acceptor: Acceptor): void {
    this.#acceptors.set(port, acceptor);
    const payload = Buffer.alloc(2);
    payload.writeUInt16LE(port);
    this.#multiplexer.send(StreamFrameType.LISTENING, payload);
  }

  /** Reports an answer to the host. It is dropped if the host does not read. */
  report(record: AccessRecord, socket: Duplex): void {
    const stream = socket instanceof StreamSocket ? socket.streamId : 0;
    this.#multiplexer.send(StreamFrameType.ACCESS, encodeAccess(record), stream);
  }

  /** Resolves once all that waits is sent. */
  flushed(): Promise<void> {
    return this.#multiplexer.flushed();
  }

  close(): void {
    this.#transport.close();
  }

  #open(stream: Stream, opening: Buffer): void {
    const { port, peer } = decodeOpening(opening);
    const socket = new StreamSocket(stream, port, peer);
    const acceptor = this.#acceptors.get(port);
    if (acceptor !== undefined) acceptor(socket);
    else {
      socket.on("error", () => {});
      void forward(socket, port, peer);
    }
  }

  #control(type: number, payload: Buffer): void {
    if (type !== StreamFrameType.PING) throw malformed(`a stream's frame of type ${type} is not expected`);
    this.#multiplexer.send(StreamFrameType.PONG, Buffer.from(payload));
  }
}

import { Multiplexer } from "../../protocol/streams/multiplexer.ts";
import { encodeOpening } from "../../protocol/streams/opening.ts";
import { PortTransport } from "../streams/port-transport.ts";
import { SAMPLE_PATH } from "./sample-image.ts";

/** Connections of a warm-up; each sends every request. */
const CONNECTIONS = 8;

/** The last request ends the connection. */
const REQUESTS = [
  `GET ${SAMPLE_PATH} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, deflate\r\n\r\n`,
  `GET ${SAMPLE_PATH} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: warm-up\r\nAccept: */*\r\n\r\n`,
  "GET /folder/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
];

const PEER = { address: "127.0.0.1", port: 40000 };

/** The host's end of the port for streams, in a warm-up. */
export class StreamClient {
  readonly #transport: PortTransport;
  readonly #multiplexer: Multiplexer;

  constructor(fd: number) {
    this.#transport = new PortTransport(
      fd,
      (bytes) => this.#multiplexer.receive(bytes),
      () => {},
    );
    this.#multiplexer = new Multiplexer(this.#transport, { onControl() {} });
  }

  /** Sends a server on the sample image the requests that a browser would send. */
  async sendRequests(port: number): Promise<void> {
    for (let count = 0; count < CONNECTIONS; count++) {
      await new Promise<void>((resolve) => {
        const stream = this.#multiplexer.open(encodeOpening({ port, peer: PEER }));
        stream.listener = {
          onData: (bytes) => stream.consumed(bytes.length),
          onEnd: () => stream.end(),
          onDrain() {},
          onClose: () => resolve(),
        };
        // One after the other, as the clients of a machine send them.
        let waiting = 0;
        const next = () => {
          const request = REQUESTS[waiting++];
          if (request !== undefined) stream.write(Buffer.from(request));
        };
        stream.listener.onCheckpoint = next;
        next();
      });
    }
  }

  close(): void {
    this.#transport.close();
  }
}

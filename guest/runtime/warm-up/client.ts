import type { Port } from "../../protocol/published-port.ts";
import { SAMPLE_PATH } from "./sample-image.ts";

/** Connections of a warm-up; each sends every request. */
const CONNECTIONS = 8;

const REQUESTS = [
  `GET ${SAMPLE_PATH} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, deflate\r\n\r\n`,
  `GET ${SAMPLE_PATH} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: warm-up\r\nAccept: */*\r\n\r\n`,
  "GET /folder/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
];

/** Sends a server on the sample image the requests that a browser would send. */
export async function sendRequests({ address, port }: Port): Promise<void> {
  const { connect } = process.getBuiltinModule("node:net");
  for (let count = 0; count < CONNECTIONS; count++) {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port, address, () => socket.write(REQUESTS.join("")));
      socket.resume().on("error", reject).on("close", resolve);
    });
  }
}

import type { Port } from "../../protocol/published-port.ts";
import { SAMPLE_PATH } from "./sample-image.ts";

/** So many connections, with a request of each kind. */
const VISITS = 8;

const REQUESTS = [
  `GET ${SAMPLE_PATH} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, deflate\r\n\r\n`,
  `GET ${SAMPLE_PATH} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: rehearsal\r\nAccept: */*\r\n\r\n`,
  "GET /folder/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
];

/** Asks a server on the sample image for what it has, as a browser would. */
export async function visit({ address, port }: Port): Promise<void> {
  const { connect } = process.getBuiltinModule("node:net");
  for (let count = 0; count < VISITS; count++) {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port, address, () => socket.write(REQUESTS.join("")));
      socket.resume().on("error", reject).on("close", resolve);
    });
  }
}

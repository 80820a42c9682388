import { connect as connectPlainly } from "node:net";
import { connect } from "node:tls";

/** Milliseconds for a server of this machine to shake hands. */
const DEADLINE = 5000;

/**
 * Whether a server of this machine speaks TLS; false if it does not, or there is none. Sends it nothing but a
 * handshake, and does not look at its certificate: who connects next does.
 */
export async function speaksTls(url: URL, signal?: AbortSignal): Promise<boolean> {
  const socket = connectPlainly({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 443),
  });
  const handshake = connect({ socket, rejectUnauthorized: false });
  let timer: NodeJS.Timeout | undefined;
  let stop = () => {};
  try {
    return await new Promise<boolean>((resolve) => {
      const no = () => resolve(false);
      handshake.once("secureConnect", () => resolve(true));
      for (const stream of [socket, handshake]) stream.on("error", no).on("close", no);
      // In all: a server may send a byte now and then.
      timer = setTimeout(no, DEADLINE);
      if (signal?.aborted) no();
      signal?.addEventListener("abort", no);
      stop = () => signal?.removeEventListener("abort", no);
    });
  } finally {
    clearTimeout(timer);
    stop();
    handshake.destroy();
    socket.destroy();
  }
}

import { connect as connectPlainly } from "node:net";
import { connect } from "node:tls";

/** Milliseconds for a server of this machine to shake hands. */
const DEADLINE = 5000;

/** Whether a host, as a URL has it, is this machine by its name or number alone. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === "[::1]";
}

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
  try {
    return await new Promise<boolean>((resolve) => {
      const no = () => resolve(false);
      handshake.once("secureConnect", () => resolve(true));
      for (const stream of [socket, handshake]) stream.on("error", no).on("close", no);
      socket.setTimeout(DEADLINE, no);
      signal?.addEventListener("abort", no, { once: true });
    });
  } finally {
    handshake.destroy();
    socket.destroy();
  }
}

import { createServer, type Server, type Socket } from "node:net";
import type { ExecutionContext } from "ava";
import { type NbdAddress, parseImageAddress } from "../../../remote/address.ts";
import { type NbdServerOptions, serveNbd } from "../../../remote/nbd/server.ts";

/** Bytes that tell where they lie. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8) * 17 + (at >> 16)) & 0xff;
  return bytes;
}

/** An image in memory, which counts the reads that are under way. */
export class MemoryImage {
  readonly size: number;
  readonly bytes: Buffer;
  underWay = 0;
  most = 0;
  /** Awaited before each read is answered. */
  before: (offset: number, length: number, signal?: AbortSignal) => void | Promise<void> = () => {};

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.size = bytes.length;
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    this.underWay++;
    this.most = Math.max(this.most, this.underWay);
    try {
      await this.before(offset, length, signal);
      signal?.throwIfAborted();
      return this.bytes.subarray(offset, offset + length);
    } finally {
      this.underWay--;
    }
  }
}

/** A server on loopback that answers connections until the test ends. */
export async function listen(t: ExecutionContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as { port: number }).port;
}

/** The address of an image that our own server serves. */
export async function serve(
  t: ExecutionContext,
  image: MemoryImage,
  options: NbdServerOptions = {},
): Promise<NbdAddress> {
  const port = await listen(t, (socket) => void serveNbd(socket, image, options));
  return address(`nbd://127.0.0.1:${port}/${options.exportName ?? ""}`);
}

export function address(text: string): NbdAddress {
  return parseImageAddress(text) as NbdAddress;
}

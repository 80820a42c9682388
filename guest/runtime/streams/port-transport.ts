import type { Socket, SocketConstructorOpts } from "node:net";
import type { Transport } from "../../protocol/streams/multiplexer.ts";

/** Bytes of a read. The kernel hands out a page at a time. */
const READ_LENGTH = 64 * 1024;

/** What Node's pipes are made of; its types lack the binding. */
interface PipeBinding {
  readonly Pipe: new (type: number) => { open(fd: number): number };
  readonly constants: { readonly SOCKET: number };
}

/**
 * The guest's end of the port for streams. Node reads a descriptor without blocking only if it is a socket or
 * a pipe, and would read this one in a thread of its pool. The port can be polled as a pipe is, so it is
 * opened as one.
 */
export class PortTransport implements Transport {
  readonly #socket: Socket;

  /** @param receive gets what arrives: views that are valid during the call. */
  constructor(fd: number, receive: (bytes: Buffer) => void, lost: () => void) {
    const { Socket } = process.getBuiltinModule("node:net");
    const { Pipe, constants } = (process as unknown as { binding(name: string): PipeBinding }).binding(
      "pipe_wrap",
    );
    const handle = new Pipe(constants.SOCKET);
    const status = handle.open(fd);
    if (status !== 0) throw new Error(`the port for streams cannot be opened: ${status}`);
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_LENGTH),
      callback: (length: number, buffer: Uint8Array) => {
        receive(buffer.subarray(0, length) as Buffer);
        return true;
      },
    };
    const options = { handle, readable: true, writable: true, allowHalfOpen: true, onread };
    this.#socket = new Socket(options as unknown as SocketConstructorOpts);
    this.#socket.on("error", () => {});
    this.#socket.once("close", lost);
    this.#socket.once("end", () => this.#socket.destroy());
  }

  write(bytes: Buffer, done: () => void): void {
    this.#socket.write(bytes, (error) => {
      if (error === null || error === undefined) done();
    });
  }

  /** Whether the port keeps this process alive. */
  unref(): void {
    this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
  }
}

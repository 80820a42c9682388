import type { Duplex } from "node:stream";

/** A port where a program may listen for connections from outside. */
export interface Port {
  /** The address to listen at. */
  readonly address: string;
  /** Its number; 0 for any that is free. */
  readonly port: number;
  /** The `ADDRESS:PORT` of the host that leads to it, if it differs and is known. */
  readonly published?: string | undefined;
  /**
   * Takes the connections of this port that the host accepts. Undefined if the program must listen itself.
   * @internal
   */
  accept?(acceptor: (socket: Duplex) => void): void;
}

import { isIP } from "node:net";
import { malformed } from "../frame.ts";

/** Where a connection comes from, as the kernel tells. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** The payload of an OPEN frame. */
export interface Opening {
  /** The port of the machine. */
  readonly port: number;
  /** The client; undefined if it has no address, as on a Unix socket. */
  readonly peer: Peer | undefined;
}

/** Encodes an opening: the machine's port, the client's port (unsigned 16-bit little endian), its address. */
export function encodeOpening({ port, peer }: Opening): Buffer {
  const address = Buffer.from(peer?.address ?? "", "latin1");
  const payload = Buffer.alloc(4 + address.length);
  payload.writeUInt16LE(port, 0);
  payload.writeUInt16LE(peer?.port ?? 0, 2);
  payload.set(address, 4);
  return payload;
}

/** @throws {DocteurError} `MALFORMED_FRAME`. */
export function decodeOpening(payload: Buffer): Opening {
  if (payload.length < 4) throw malformed("the opening of a stream is too short");
  const address = payload.toString("latin1", 4);
  if (address !== "" && isIP(address) === 0) throw malformed("the opening of a stream has no address");
  const peer = address === "" ? undefined : { address, port: payload.readUInt16LE(2) };
  return { port: payload.readUInt16LE(0), peer };
}

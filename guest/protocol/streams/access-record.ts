import { malformed } from "../frame.ts";

/** An answer to a request, for the host's log and its metrics. */
export interface AccessRecord {
  readonly method: string;
  /** The request target, as the client sent it; at most 8 KiB. */
  readonly target: string;
  /** The version of HTTP: `1.1`. */
  readonly version: string;
  readonly status: number;
  /** Bytes of content. */
  readonly bytes: number;
  /** From the request's last header field to the end of the answer. */
  readonly seconds: number;
  /** Whether the client left before it had all of the answer. */
  readonly isCutShort: boolean;
}

const HEADER = 19;

/**
 * Encodes a record: status (unsigned 16-bit), whether it is cut short (8-bit), bytes and seconds (doubles), all
 * in little endian; then the method, the version and the target, with a space between two.
 */
export function encodeAccess({
  method,
  target,
  version,
  status,
  bytes,
  seconds,
  isCutShort,
}: AccessRecord): Buffer {
  const line = Buffer.from(`${method} ${version} ${target}`, "latin1");
  const payload = Buffer.alloc(HEADER + line.length);
  payload.writeUInt16LE(status, 0);
  payload.writeUInt8(isCutShort ? 1 : 0, 2);
  payload.writeDoubleLE(bytes, 3);
  payload.writeDoubleLE(seconds, 11);
  payload.set(line, HEADER);
  return payload;
}

/** @throws {DocteurError} `MALFORMED_FRAME`. */
export function decodeAccess(payload: Buffer): AccessRecord {
  if (payload.length < HEADER) throw malformed("an access record is too short");
  const [, method, version, target] = /^(\S+) (\S+) (.*)$/s.exec(payload.toString("latin1", HEADER)) ?? [];
  const [bytes, seconds] = [payload.readDoubleLE(3), payload.readDoubleLE(11)];
  if (method === undefined || !(bytes >= 0) || !(seconds >= 0))
    throw malformed("an access record lacks a field");
  return {
    method,
    version: version!,
    target: target!,
    status: payload.readUInt16LE(0),
    bytes,
    seconds,
    isCutShort: payload[2] !== 0,
  };
}

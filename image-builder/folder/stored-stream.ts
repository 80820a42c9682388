/** The most that one block of a stream can hold (RFC 1951, 3.2.4). */
export const MAX_STORED = 0xffff;

/**
 * The largest prime below 2^16, and bytes that can be summed up before a sum must be reduced by it (RFC 1950,
 * 9).
 */
const BASE = 65521;
const RUN = 5552;

/**
 * A zlib stream (RFC 1950) that holds bytes as they are in one block: made in no time, without the quarter of
 * a megabyte that zlib takes for every stream.
 * @param bytes at most `MAX_STORED`.
 */
export function storedStream(bytes: Uint8Array): Uint8Array {
  const stream = Buffer.allocUnsafe(2 + 5 + bytes.length + 4);
  // Deflate with a window of 32 KiB, fastest level; a last block, stored.
  stream.set([0x78, 0x01, 0x01]);
  stream.writeUInt16LE(bytes.length, 3);
  stream.writeUInt16LE(MAX_STORED - bytes.length, 5);
  stream.set(bytes, 7);
  stream.writeUInt32BE(adler32(bytes), 7 + bytes.length);
  return stream;
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + RUN);
    for (; at < end; at++) {
      a += bytes[at] as number;
      b += a;
    }
    a %= BASE;
    b %= BASE;
  }
  return b * 0x10000 + a;
}

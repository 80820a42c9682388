/** The most that one block of a stream can hold (RFC 1951, 3.2.4). */
export const MAX_STORED = 0xffff;

/** The largest prime below 2^16 (RFC 1950, 9). */
const BASE = 65521;

/** Bytes that are summed up before a sum is reduced: so few that it is less than 2^31, which is fast. */
const RUN = 2048;

/**
 * A zlib stream (RFC 1950) that holds bytes as they are, piece by piece; each piece is good until the next.
 * It takes a tenth of the time that zlib's fastest level takes, and to inflate it a tenth of that.
 */
export function* storedStream(bytes: Uint8Array): Generator<Uint8Array> {
  const scratch = Buffer.allocUnsafe(5);
  // Deflate with a window of 32 KiB, fastest level.
  scratch.writeUInt16BE(0x7801);
  yield scratch.subarray(0, 2);
  let start = 0;
  do {
    const block = bytes.subarray(start, start + MAX_STORED);
    start += block.length;
    scratch[0] = start === bytes.length ? 1 : 0;
    scratch.writeUInt16LE(block.length, 1);
    scratch.writeUInt16LE(MAX_STORED - block.length, 3);
    yield scratch;
    yield block;
  } while (start < bytes.length);
  scratch.writeUInt32BE(adler32(bytes));
  yield scratch.subarray(0, 4);
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + RUN);
    // Four at a time: what each adds to `b` is known before.
    for (; at + 4 <= end; at += 4) {
      const first = bytes[at] as number;
      const second = bytes[at + 1] as number;
      const third = bytes[at + 2] as number;
      const fourth = bytes[at + 3] as number;
      b = (b + 4 * (a + first) + 3 * second + 2 * third + fourth) | 0;
      a = (a + first + second + third + fourth) | 0;
    }
    for (; at < end; at++) {
      a = (a + (bytes[at] as number)) | 0;
      b = (b + a) | 0;
    }
    a %= BASE;
    b %= BASE;
  }
  return b * 0x10000 + a;
}

/**
 * Bytes before the deflate data of a gzip stream (RFC 1952, section 2.3): no name, no time, system unknown.
 */
export const GZIP_HEADER = Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/** Bytes after it: the CRC-32 of the content, and its length modulo 2^32. */
export const GZIP_TRAILER_SIZE = 8;

/** Bytes of a zlib stream before its deflate data and after it (RFC 1950, section 2.2). */
const ZLIB_HEADER_SIZE = 2;
const ZLIB_TRAILER_SIZE = 4;

/** The end of a gzip stream. @param crc unsigned CRC-32 of the content. @param size bytes of the content. */
export function gzipTrailer(crc: number, size: number): Buffer {
  const trailer = Buffer.alloc(GZIP_TRAILER_SIZE);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  return trailer;
}

/** Bytes of the gzip stream that is made of a zlib stream. @param length bytes of the zlib stream. */
export function gzipSizeOf(length: number): number {
  return length - ZLIB_HEADER_SIZE - ZLIB_TRAILER_SIZE + GZIP_HEADER.length + GZIP_TRAILER_SIZE;
}

/**
 * A gzip stream made of a zlib stream: the same deflate data, with another header and another trailer. The
 * zlib stream must be one that inflates by itself, so it names no preset dictionary.
 */
export class GzipOfZlib {
  /** Bytes of the gzip stream. */
  readonly size: number;
  readonly #read: (position: number, length: number) => Uint8Array;
  readonly #trailer: Buffer;
  /** Where the trailer begins. */
  readonly #end: number;

  /**
   * @param read returns a copy of a part of the zlib stream.
   * @param length bytes of the zlib stream.
   * @param crc unsigned CRC-32 of the content.
   * @param size bytes of the content.
   */
  constructor(
    read: (position: number, length: number) => Uint8Array,
    { length, crc, size }: { readonly length: number; readonly crc: number; readonly size: number },
  ) {
    this.#read = read;
    this.#trailer = gzipTrailer(crc, size);
    this.size = gzipSizeOf(length);
    this.#end = this.size - GZIP_TRAILER_SIZE;
  }

  /** A copy of a part of the gzip stream; shorter where it ends. @throws what `read` throws. */
  read(position: number, length: number): Uint8Array {
    const end = Math.min(position + length, this.size);
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, end - position));
    bytes.set(GZIP_HEADER.subarray(position, end));
    const from = Math.max(position, GZIP_HEADER.length);
    const to = Math.min(end, this.#end);
    if (from < to) {
      const data = this.#read(from - GZIP_HEADER.length + ZLIB_HEADER_SIZE, to - from);
      bytes.set(data, from - position);
    }
    const trailer = Math.max(position, this.#end);
    if (trailer < end)
      bytes.set(this.#trailer.subarray(trailer - this.#end, end - this.#end), trailer - position);
    return bytes;
  }
}

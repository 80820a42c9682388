import type { ObjectFormat } from "../git/object-format.ts";
import { crc32 } from "../node-platform.ts";
import { StreamedBlob } from "./blob-reader.ts";
import type { EntryStream } from "./entry-stream.ts";

/** Reads bytes of a stream in the PACK. The view is good until the next call. */
export type ReadPack = (offset: number, length: number) => Uint8Array;

/**
 * The zlib stream (RFC 1950) of an undeltified blob, as it lies in the PACK. A PACK does not say how long it
 * is: that is known once the blob is inflated and verified, and no byte of the stream is returned before.
 */
export class CompressedBlob {
  /** Bytes that the stream inflates to. */
  readonly size: number;
  readonly #id: Uint8Array;
  readonly #open: () => EntryStream;
  readonly #read: ReadPack;
  readonly #format: ObjectFormat;
  #verification: { readonly blob: StreamedBlob; readonly stream: EntryStream } | undefined;
  #length: number | undefined;
  #crc = 0;
  #crcKnown = false;

  /**
   * @param id raw id of the blob.
   * @param open gives a reader of its entry.
   * @param read gives bytes from an offset in the stream on.
   * @param length bytes of the stream, if the blob was verified before.
   */
  constructor(
    id: Uint8Array,
    size: number,
    open: () => EntryStream,
    read: ReadPack,
    length: number | undefined,
    format: ObjectFormat,
  ) {
    this.#format = format;
    this.#id = id;
    this.size = size;
    this.#open = open;
    this.#read = read;
    this.#length = length;
  }

  /** Bytes of the stream; undefined until the blob is verified. */
  get length(): number | undefined {
    return this.#length;
  }

  /**
   * CRC-32 of the content, unsigned, as gzip has it (RFC 1952); undefined until this object has verified the
   * blob.
   */
  get crc32(): number | undefined {
    return this.#crcKnown ? this.#crc : undefined;
  }

  /**
   * Goes on with inflating the blob and comparing it with its id.
   *
   * @param limit bytes to go through at most, rounded up to a piece; default all.
   * @returns whether it is verified.
   * @throws {InvalidImageError} if the stream is damaged or the content does not match the id.
   */
  verify(limit?: number): boolean {
    if (this.#length !== undefined) return true;
    if (this.#verification === undefined) {
      const stream = this.#open();
      const onVerifying = (piece: Uint8Array) => {
        this.#crc = crc32(piece, this.#crc);
      };
      const blob = new StreamedBlob(this.#id, this.size, stream, this.#format, onVerifying);
      this.#crc = 0;
      this.#verification = { stream, blob };
    }
    const { stream, blob } = this.#verification;
    if (!blob.verify(limit)) return false;
    this.#length = stream.consumed;
    this.#crcKnown = true;
    this.close();
    return true;
  }

  /**
   * A copy of a part of the stream; shorter where the stream ends.
   * @throws {Error} if the blob is not verified. @throws {InvalidImageError} if the device fails.
   */
  read(position: number, length: number): Uint8Array {
    if (this.#length === undefined) throw new Error("a stream is read before its blob is verified");
    const wanted = Math.max(0, Math.min(length, this.#length - position));
    const bytes = Buffer.allocUnsafeSlow(wanted);
    bytes.set(this.#read(position, wanted));
    return bytes;
  }

  /** Frees the memory that verifying takes. */
  close(): void {
    this.#verification?.blob.close();
    this.#verification = undefined;
  }
}

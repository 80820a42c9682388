import { InvalidImageError } from "../errors.ts";
import { objectHash } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { hex, sameId } from "../git/object-id.ts";
import { PIECE_SIZE, type PieceStream } from "./piece-stream.ts";

/** Reads a blob's content from any position. */
export interface BlobReader {
  /** Bytes of the blob. */
  readonly size: number;
  /**
   * Whether the content passes through a window. If not, all of it is made and verified before the first byte
   * is read.
   */
  readonly streams: boolean;
  /** All of it, if it is in memory and verified: not a copy, so not to be changed. */
  readonly whole: Uint8Array | undefined;
  /**
   * Whether all of the content has been compared with the blob's id. What is read before that is not
   * verified, except that the last byte of the blob is only read after it.
   */
  readonly verified: boolean;
  /**
   * Goes on with verifying the content, from the current position.
   *
   * @param limit bytes to go through at most, rounded up to a piece; default all.
   * @returns `verified`.
   * @throws {InvalidImageError} if the content is damaged or does not match the id.
   */
  verify(limit?: number): boolean;
  /**
   * Goes on to a position, so that reading there takes no more than a piece.
   *
   * @param position in bytes, less than `size`.
   * @param limit bytes to go through at most, rounded up to a piece; default all.
   * @returns whether it is there.
   * @throws as `verify`.
   */
  seek(position: number, limit?: number): boolean;
  /**
   * Fills `into` with the bytes from `position` on. Reading on is a single pass; a step back beyond the
   * current piece starts again from the front.
   *
   * @returns bytes read; fewer than fit only where the blob ends.
   * @throws {InvalidImageError} as `verify`.
   */
  read(position: number, into: Uint8Array): number;
  /** Frees the memory. */
  close(): void;
}

/** A blob that is in memory and verified. */
export class LoadedBlob implements BlobReader {
  readonly verified = true;
  readonly streams = false;
  readonly size: number;
  #bytes: Uint8Array;

  /** @param bytes verified content, from then on this reader's. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  get whole(): Uint8Array {
    return this.#bytes;
  }

  verify(): boolean {
    return true;
  }

  seek(): boolean {
    return true;
  }

  read(position: number, into: Uint8Array): number {
    const part = this.#bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  close(): void {
    this.#bytes = new Uint8Array();
  }
}

/** A blob that passes through a window. */
export class StreamedBlob implements BlobReader {
  readonly streams = true;
  readonly whole = undefined;
  readonly size: number;
  readonly #id: Uint8Array;
  readonly #stream: PieceStream;
  readonly #format: ObjectFormat;
  /** Has taken in everything up to the end of the current piece; undefined once the content is verified. */
  #hash: ReturnType<typeof objectHash> | undefined;
  /** The part of the content that was inflated last. */
  #piece: Uint8Array = new Uint8Array();
  #pieceEnd = 0;
  readonly #onVerifying: ((piece: Uint8Array) => void) | undefined;
  /** What is damaged stays damaged. */
  #fault: unknown;

  /**
   * @param id raw id of the blob.
   * @param onVerifying receives each piece of the content, while it is verified in one pass.
   */
  constructor(
    id: Uint8Array,
    size: number,
    stream: PieceStream,
    format: ObjectFormat,
    onVerifying?: (piece: Uint8Array) => void,
  ) {
    this.#format = format;
    this.#id = Uint8Array.from(id);
    this.size = size;
    this.#stream = stream;
    this.#hash = objectHash("blob", size, format);
    this.#onVerifying = onVerifying;
  }

  get verified(): boolean {
    return this.#hash === undefined;
  }

  verify(limit = Number.POSITIVE_INFINITY): boolean {
    // A piece that is not complete counts as one: what it took is the same.
    for (let done = 0; !this.verified && done < limit; done += PIECE_SIZE) this.#next();
    return this.verified;
  }

  seek(position: number, limit = Number.POSITIVE_INFINITY): boolean {
    this.#stepBack(position);
    for (let done = 0; position >= this.#pieceEnd && done < limit; done += PIECE_SIZE) this.#next();
    return position < this.#pieceEnd;
  }

  read(position: number, into: Uint8Array): number {
    const end = Math.min(position + into.length, this.size);
    let at = position;
    while (at < end) {
      this.seek(at);
      const start = at - (this.#pieceEnd - this.#piece.length);
      const part = this.#piece.subarray(start, start + end - at);
      into.set(part, at - position);
      at += part.length;
    }
    return at - position;
  }

  close(): void {
    this.#fault ??= new Error("the reader is closed");
    this.#stream.close();
    this.#piece = new Uint8Array();
    this.#pieceEnd = 0;
  }

  /** Starts again from the front, if the position is before the current piece. */
  #stepBack(position: number): void {
    if (this.#fault !== undefined) throw this.#fault;
    if (position < this.#pieceEnd - this.#piece.length) {
      this.#stream.restart();
      this.#piece = new Uint8Array();
      this.#pieceEnd = 0;
      if (!this.verified) this.#hash = objectHash("blob", this.size, this.#format);
    }
  }

  /**
   * Takes the next piece, and with the last one verifies the content before any byte of that piece is
   * returned.
   */
  #next(): void {
    if (this.#fault !== undefined) throw this.#fault;
    try {
      const piece = this.#stream.next() ?? new Uint8Array();
      if (this.#hash !== undefined) this.#onVerifying?.(piece);
      this.#hash?.update(piece);
      if (this.#hash !== undefined && this.#pieceEnd + piece.length === this.size) {
        if (!sameId(this.#hash.digest(), this.#id)) {
          throw new InvalidImageError("object-id", "the content does not match its id");
        }
        this.#hash = undefined;
      }
      this.#piece = piece;
      this.#pieceEnd += piece.length;
    } catch (error) {
      this.#fault = error instanceof InvalidImageError ? error.withObject(hex(this.#id)) : error;
      this.#piece = new Uint8Array();
      throw this.#fault;
    }
  }
}

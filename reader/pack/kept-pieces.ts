import { PIECE_SIZE, type PieceStream } from "./piece-stream.ts";

/**
 * Reads a stream at any offset, and keeps the pieces that it read last. Reading goes forward as the stream
 * does; a step back to what is no longer kept starts the stream again.
 */
export class KeptPieces {
  readonly #stream: PieceStream;
  /** The index of the piece that each slot of the memory holds; -1 for none. */
  readonly #pieces: Int32Array;
  readonly #slots = new Map<number, number>();
  /** Taken when the first piece comes. */
  #memory: Buffer | undefined;
  #nextSlot = 0;
  /** The index of the piece that the stream gives next. */
  #nextPiece = 0;

  /** @param size bytes of the content. @param memory bytes for pieces, at least one piece. */
  constructor(stream: PieceStream, size: number, memory: number) {
    this.#stream = stream;
    const count = Math.min(Math.ceil(size / PIECE_SIZE), Math.floor(memory / PIECE_SIZE));
    this.#pieces = new Int32Array(count).fill(-1);
  }

  /**
   * Copies bytes of one piece.
   *
   * @param position of the first, within the content. @param length at least 1, within the content.
   * @param into gets them from `at` on.
   * @returns bytes copied; 0 if the piece was not there, and the stream has gone on by a step: call it again.
   * @throws as `PieceStream.next`.
   */
  copy(position: number, length: number, into: Uint8Array, at: number): number {
    const piece = Math.floor(position / PIECE_SIZE);
    const slot = this.#slots.get(piece);
    if (slot === undefined) {
      this.#goOn(piece);
      return 0;
    }
    const offset = position - piece * PIECE_SIZE;
    const copied = Math.min(length, PIECE_SIZE - offset);
    const start = slot * PIECE_SIZE + offset;
    (this.#memory as Buffer).copy(into, at, start, start + copied);
    return copied;
  }

  /** Frees the memory. */
  close(): void {
    this.#stream.close();
    this.#slots.clear();
    this.#memory = undefined;
  }

  /** Takes the stream one step nearer to a piece. */
  #goOn(wanted: number): void {
    const stream = this.#stream;
    if (wanted < this.#nextPiece) {
      stream.restart();
      this.#nextPiece = 0;
    }
    if (wanted > this.#nextPiece && stream.skip !== undefined) {
      stream.skip();
      this.#nextPiece++;
      return;
    }
    const bytes = stream.next() as Uint8Array;
    if (bytes.length > 0) this.#keep(this.#nextPiece++, bytes);
  }

  /** Keeps a piece in place of the one that was read first. */
  #keep(piece: number, bytes: Uint8Array): void {
    if (this.#slots.has(piece)) return;
    this.#memory ??= Buffer.allocUnsafeSlow(this.#pieces.length * PIECE_SIZE);
    const slot = this.#nextSlot;
    this.#nextSlot = (slot + 1) % this.#pieces.length;
    this.#slots.delete(this.#pieces[slot] as number);
    this.#pieces[slot] = piece;
    this.#slots.set(piece, slot);
    this.#memory.set(bytes, slot * PIECE_SIZE);
  }
}

/** Bytes of a piece. All pieces of a content have so many, but the last. */
export const PIECE_SIZE = 64 * 1024;

/** A content as a cursor: one piece after the other, and back to the start. */
export interface PieceStream {
  /**
   * The next piece, good until the next call; undefined after the last. An empty piece means that a step of
   * work is done and the next piece is not complete yet.
   *
   * @throws {InvalidImageError} if the content is damaged. @throws {WorkLimitError}
   */
  next(): Uint8Array | undefined;
  /**
   * Goes past the next piece, where that is less work than to make it.
   * @throws as `next`.
   */
  skip?(): void;
  /** Goes back to the first byte. */
  restart(): void;
  /** Frees the memory. */
  close(): void;
}

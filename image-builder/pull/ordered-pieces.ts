/** Bytes of a request, and requests under way at once. */
const PIECE = 2 * 1024 * 1024;
const AT_ONCE = 4;

/**
 * Reads the bytes from `start` to `end` in pieces, several requests at once, and gives them in order.
 * If one fails, or the caller stops, the others are aborted.
 *
 * @throws what `read` throws; the signal's reason when aborted.
 */
export async function* orderedPieces(
  read: (offset: number, length: number, signal: AbortSignal) => Promise<Uint8Array>,
  start: number,
  end: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stopped = new AbortController();
  const ended = signal === undefined ? stopped.signal : AbortSignal.any([stopped.signal, signal]);
  const pending: Promise<Uint8Array>[] = [];
  let next = start;
  try {
    while (next < end || pending.length > 0) {
      while (next < end && pending.length < AT_ONCE) {
        const length = Math.min(PIECE, end - next);
        const piece = read(next, length, ended);
        // It is thrown where its turn comes.
        piece.catch(() => {});
        pending.push(piece);
        next += length;
      }
      yield await (pending.shift() as Promise<Uint8Array>);
    }
  } finally {
    stopped.abort(new Error("no longer needed"));
    await Promise.allSettled(pending);
  }
}

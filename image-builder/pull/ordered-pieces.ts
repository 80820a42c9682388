import { RequestLength } from "../../remote/request-length.ts";

/** Bytes of a request: at first, and at most. */
const FIRST = 256 * 1024;
const MOST = 2 * 1024 * 1024;

/** Requests under way at once. */
const AT_ONCE = 4;

/**
 * Reads the bytes from `start` to `end` in pieces, several requests at once, and gives them in order. A piece is
 * as long as the network is fast. If one fails, or the caller stops, the others are aborted.
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
  const piece = new RequestLength(FIRST, MOST);
  const timed = async (offset: number, length: number): Promise<Uint8Array> => {
    const started = performance.now();
    const bytes = await read(offset, length, ended);
    piece.took(length, performance.now() - started);
    return bytes;
  };
  let next = start;
  try {
    while (next < end || pending.length > 0) {
      while (next < end && pending.length < AT_ONCE) {
        const length = Math.min(piece.bytes, end - next);
        const bytes = timed(next, length);
        // It is thrown where its turn comes.
        bytes.catch(() => {});
        pending.push(bytes);
        next += length;
      }
      yield await (pending.shift() as Promise<Uint8Array>);
    }
  } finally {
    stopped.abort(new Error("no longer needed"));
    await Promise.allSettled(pending);
  }
}

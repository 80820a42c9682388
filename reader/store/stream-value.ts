import { yieldToEventLoop } from "../event-loop.ts";
import { free } from "../pack/free.ts";
import type { Objects } from "../pack/objects.ts";

/** Bytes that are read before the next yield to the event loop. */
const STRIDE = 4 * 1024 * 1024;

/** From this many bytes on, memory is freed at once. */
const HUGE = 16 * 1024 * 1024;

/** Reads the blob with a raw id in pieces; see `Store.stream`. */
export async function* streamValue(objects: Objects, id: Uint8Array): AsyncGenerator<Uint8Array> {
  const stream = objects.openVerified(id);
  if (stream === undefined) {
    yield* inMemory(objects, id);
    return;
  }
  try {
    while (!stream.verify(STRIDE)) await yieldToEventLoop();
    for (let piece = stream.next(); piece !== undefined; piece = stream.next()) {
      yield piece;
      await yieldToEventLoop();
    }
  } finally {
    stream.close();
  }
}

async function* inMemory(objects: Objects, id: Uint8Array): AsyncGenerator<Uint8Array> {
  const blob = objects.open(id);
  try {
    while (!blob.verify(STRIDE)) await yieldToEventLoop();
    const bytes = blob.whole as Uint8Array;
    yield bytes;
    // The next blob needs the memory before the garbage collector runs.
    if (bytes.length > HUGE) free(bytes);
  } finally {
    blob.close();
  }
}

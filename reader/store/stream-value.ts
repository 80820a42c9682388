import { free } from "../pack/free.ts";
import type { Objects } from "../pack/objects.ts";

/** Bytes that are gone through between two turns of the event loop. */
const STRIDE = 4 * 1024 * 1024;

/** Bytes from which on memory is given back at once. */
const HUGE = 16 * 1024 * 1024;

/** The blob with a raw id in pieces; see `Store.stream`. */
export async function* streamValue(objects: Objects, id: Uint8Array): AsyncGenerator<Uint8Array> {
  const stream = objects.openVerified(id);
  if (stream === undefined) {
    yield* inMemory(objects, id);
    return;
  }
  try {
    while (!stream.verify(STRIDE)) await nextTurn();
    for (let piece = stream.next(); piece !== undefined; piece = stream.next()) {
      yield piece;
      await nextTurn();
    }
  } finally {
    stream.close();
  }
}

async function* inMemory(objects: Objects, id: Uint8Array): AsyncGenerator<Uint8Array> {
  const blob = objects.open(id);
  try {
    while (!blob.verify(STRIDE)) await nextTurn();
    const whole = blob.whole as Uint8Array;
    yield whole;
    // The next one needs the memory before the collector comes by.
    if (whole.length > HUGE) free(whole);
  } finally {
    blob.close();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

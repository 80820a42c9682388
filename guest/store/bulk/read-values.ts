import { DocteurError } from "../../errors.ts";
import { type Objects, roomFor } from "../../pack/objects.ts";
import type { BulkRead } from "./bulk-read.ts";

/** Addresses reserved for values that are read one at a time, in bytes; a larger value gets memory of its own. */
const LARGEST = 256 * 1024 * 1024;

/**
 * The values of everything asked for, in order, each good until the next is asked for. What the bulk leaves is read here.
 *
 * @param find gives a blob's raw id, or throws why there is none.
 * @param item makes what is given of what was asked for and its value, or the reason why there is none.
 */
export async function* readValues<Asked, Item>(
  bulk: BulkRead,
  objects: Objects,
  all: Iterable<Asked>,
  find: (asked: Asked) => Uint8Array,
  item: (asked: Asked, value: Uint8Array | DocteurError) => Item,
): AsyncGenerator<Item> {
  // Grows in place: memory that is left for larger one stays until the collector comes by.
  const memory = new ArrayBuffer(0, { maxByteLength: LARGEST });
  const take = (size: number) => {
    if (size > LARGEST) return Buffer.allocUnsafeSlow(size);
    if (memory.byteLength < size) memory.resize(size);
    return new Uint8Array(memory, 0, size);
  };
  const allocate = (size: number) => roomFor(size, take);
  function* asks() {
    for (const asked of all) {
      const found = attempt(() => find(asked));
      yield found instanceof DocteurError ? { asked, error: found } : { asked, id: found };
    }
  }
  for await (const job of bulk.read<{ asked: Asked; id?: Uint8Array; error?: DocteurError }>(asks())) {
    for (const { ask, content } of job.contents()) {
      const { asked, id, error } = ask;
      yield item(asked, content ?? error ?? attempt(() => objects.read(id!, "blob", allocate)));
    }
  }
}

function attempt<Result>(read: () => Result): Result | DocteurError {
  try {
    return read();
  } catch (error) {
    if (error instanceof DocteurError) return error;
    throw error;
  }
}

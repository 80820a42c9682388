import { DocteurError } from "../../errors.ts";
import { OBJECT_HEADER_ROOM } from "../../git/object.ts";
import type { Objects } from "../../pack/objects.ts";
import type { Room } from "../../pack/room.ts";
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
  const room = new GrowingRoom();
  function* asks() {
    for (const asked of all) {
      const found = attempt(() => find(asked));
      yield found instanceof DocteurError ? { asked, error: found } : { asked, id: found };
    }
  }
  for await (const job of bulk.read<{ asked: Asked; id?: Uint8Array; error?: DocteurError }>(asks())) {
    for (const { ask, content } of job.contents()) {
      const { asked, id, error } = ask;
      yield item(asked, content ?? error ?? attempt(() => objects.read(id!, "blob", room)));
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

/** Room for one value, from one to the next. */
class GrowingRoom implements Room {
  readonly start = OBJECT_HEADER_ROOM;
  memory: Uint8Array = new Uint8Array();
  /** Grows in place: memory that is left for larger one stays until the collector comes by. */
  readonly #buffer = new ArrayBuffer(0, { maxByteLength: LARGEST });

  reserve(size: number): void {
    const length = this.start + size;
    if (length > LARGEST) {
      this.memory = Buffer.allocUnsafeSlow(length);
      return;
    }
    if (this.#buffer.byteLength < length) this.#buffer.resize(length);
    this.memory = new Uint8Array(this.#buffer, 0, length);
  }
}

import { DocteurError } from "../errors.ts";
import type { Objects } from "../pack/objects.ts";
import { ObjectBuffer } from "../pack/output-buffer.ts";
import type { BulkRead } from "./bulk-read.ts";

/**
 * Addresses reserved for values that are read one at a time, in bytes; a larger value gets memory of its own.
 */
const LARGEST = 256 * 1024 * 1024;

/**
 * The values of all that is asked for, in order, each good until the next is asked for. What no batch holds
 * is read here.
 *
 * @param find gives a blob's raw id, or throws why there is none.
 * @param item makes an item of the result from what was asked for and its value, or the error.
 * @param largest bytes of a value, beyond which it is an error `OBJECT_TOO_LARGE`. Default: what `objects`
 * reads.
 */
export async function* readValues<Asked, Item>(
  bulk: BulkRead,
  objects: Objects,
  all: Iterable<Asked>,
  find: (asked: Asked) => Uint8Array,
  item: (asked: Asked, value: Uint8Array | DocteurError) => Item,
  largest = Number.POSITIVE_INFINITY,
): AsyncGenerator<Item> {
  const buffer = new GrowingBuffer(largest);
  const alone = (id: Uint8Array) => objects.read(id, "blob", buffer);
  function* asks(): Generator<FoundAsk<Asked>> {
    for (const asked of all) {
      const found = attempt(find, asked);
      yield found instanceof Uint8Array
        ? { asked, id: found, error: undefined }
        : { asked, id: undefined, error: found };
    }
  }
  for await (const job of bulk.read(asks())) {
    let blob = 0;
    for (const { asked, id, error } of job.asks) {
      const content = id && job.content(blob++);
      const value = content ?? error ?? attempt(alone, id!);
      const isTooLarge = value instanceof Uint8Array && value.length > largest;
      yield item(asked, isTooLarge ? tooLarge(largest) : value);
    }
  }
}

/** What was asked for, and the raw id of its blob or the reason why there is none. */
interface FoundAsk<Asked> {
  readonly asked: Asked;
  readonly id: Uint8Array | undefined;
  readonly error: DocteurError | undefined;
}

function attempt<Given>(read: (given: Given) => Uint8Array, given: Given): Uint8Array | DocteurError {
  try {
    return read(given);
  } catch (error) {
    if (error instanceof DocteurError) return error;
    throw error;
  }
}

/** Memory for one value, from one to the next. */
class GrowingBuffer extends ObjectBuffer {
  /** Grows in place: memory that is replaced by larger memory stays until it is collected. */
  readonly #buffer = new ArrayBuffer(0, { maxByteLength: LARGEST });
  readonly #largest: number;

  /** @param largest bytes of a value at most. */
  constructor(largest: number) {
    super();
    this.#largest = largest;
  }

  override reserve(size: number): void {
    // For an undeltified object, one byte more is reserved than it has.
    if (size > this.#largest + 1) throw tooLarge(this.#largest);
    super.reserve(size);
  }

  protected override allocate(size: number): number {
    if (size > LARGEST) {
      this.memory = Buffer.allocUnsafeSlow(size);
      return 0;
    }
    if (this.#buffer.byteLength < size) this.#buffer.resize(size);
    this.memory = new Uint8Array(this.#buffer, 0, size);
    return 0;
  }
}

function tooLarge(largest: number): DocteurError {
  return new DocteurError(
    "OBJECT_TOO_LARGE",
    `a value has more than the ${largest} bytes that are wanted at once`,
  );
}

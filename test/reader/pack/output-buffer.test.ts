import test from "ava";
import fc from "fast-check";
import { type ObjectKind, objectId } from "../../../reader/git/object.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { FreshBuffer, ObjectBuffer } from "../../../reader/pack/output-buffer.ts";

/** One piece of memory for all objects, from an offset on; what lies before must not be written to. */
class FixedBuffer extends ObjectBuffer {
  readonly #offset: number;

  constructor(memory: Uint8Array, offset: number) {
    super();
    this.memory = memory;
    this.#offset = offset;
  }

  protected override allocate(size: number): number {
    if (this.#offset + size > this.memory.length) throw new RangeError("full");
    return this.#offset;
  }
}

const KINDS: ObjectKind[] = ["commit", "tree", "blob", "tag"];

test("the id of what is in a buffer is that of the object, and nothing outside of what was reserved changes", (t) => {
  const property = fc.property(
    fc.constantFrom(...KINDS),
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(50),
    (kind, content, offset) => {
      const memory = new Uint8Array(offset + 24 + content.length + 10).fill(0xee);
      for (const buffer of [new FixedBuffer(memory, offset), new FreshBuffer()]) {
        buffer.reserve(content.length);
        buffer.memory.set(content, buffer.start);
        buffer.filled(kind, content.length, 0, 0);
        const id = Buffer.from(buffer.id(SHA1), "latin1");
        if (!id.equals(objectId(kind, content, SHA1))) return false;
        if (Buffer.compare(buffer.bytes, content) !== 0) return false;
      }
      const outside = [...memory.subarray(0, offset), ...memory.subarray(-10)];
      return outside.every((byte) => byte === 0xee);
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 300 }));
});

test("the longest header of an object fits before its content", (t) => {
  // The header alone tells: the hash gets what lies from its start on.
  const hashed: number[] = [];
  const format = { ...SHA1, hash: (bytes: Uint8Array) => String(hashed.push(bytes.length)) };
  const buffer = new FreshBuffer();
  buffer.reserve(0);
  for (const kind of KINDS) {
    buffer.filled(kind, Number.MAX_SAFE_INTEGER, 0, 0);
    buffer.id(format);
  }
  t.deepEqual(
    hashed,
    KINDS.map((kind) => `${kind} ${Number.MAX_SAFE_INTEGER}\0`.length),
  );
  t.true(hashed.every((length) => length <= buffer.start));
});

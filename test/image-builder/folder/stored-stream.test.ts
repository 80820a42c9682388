import { deflateSync, inflateSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { MAX_STORED, storedStream } from "../../../image-builder/folder/stored-stream.ts";

/** The stream at once: its pieces are good until the next. */
function stored(bytes: Uint8Array): Buffer {
  return Buffer.concat(Array.from(storedStream(bytes), (piece) => Uint8Array.from(piece)));
}

test("zlib inflates a stored stream, and accepts its checksum", (t) => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(MAX_STORED, 0xff),
    Buffer.alloc(MAX_STORED + 1, 0xff),
    Buffer.alloc(3 * MAX_STORED, "z"),
    Buffer.alloc(300_001, "abc"),
  ]) {
    const stream = stored(bytes);
    t.true(inflateSync(stream).equals(bytes));
    t.deepEqual(stream.subarray(-4), deflateSync(bytes).subarray(-4));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) =>
      inflateSync(stored(bytes)).equals(Buffer.from(bytes)),
    ),
  );
});

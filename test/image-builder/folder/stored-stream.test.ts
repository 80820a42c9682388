import { deflateSync, inflateSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { MAX_STORED, storedStream } from "../../../image-builder/folder/stored-stream.ts";

test("zlib inflates a stored stream, and accepts its checksum", (t) => {
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(MAX_STORED, 0xff), Buffer.alloc(20_000, "abc")]) {
    const stream = storedStream(bytes);
    t.true(inflateSync(stream).equals(bytes));
    t.deepEqual(stream.subarray(-4), deflateSync(bytes).subarray(-4));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) =>
      inflateSync(storedStream(bytes)).equals(Buffer.from(bytes)),
    ),
  );
});

import { crc32, deflateSync, gunzipSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { GzipOfZlib, gzipSizeOf, gzipTrailer } from "../../../guest/http/gzip.ts";

function gzipOf(content: Uint8Array, level = 6): GzipOfZlib {
  const zlib = deflateSync(content, { level });
  const read = (position: number, length: number) => Buffer.from(zlib.subarray(position, position + length));
  return new GzipOfZlib(read, { length: zlib.length, crc: crc32(content), size: content.length });
}

test("a zlib stream becomes a gzip stream, at each level", (t) => {
  const text = Buffer.from("The quick brown fox. ".repeat(1000));
  for (const content of [Buffer.of(), Buffer.of(0), text]) {
    for (const level of [0, 1, 6, 9]) {
      const gzip = gzipOf(content, level);
      const bytes = gzip.read(0, gzip.size);
      t.is(bytes.length, gzip.size);
      t.is(gzip.size, gzipSizeOf(deflateSync(content, { level }).length));
      t.deepEqual(gunzipSync(bytes), content);
    }
  }
});

test("any pieces of a gzip stream make the whole", (t) => {
  const piece = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(piece, { minLength: 1 }), (content, lengths) => {
      const gzip = gzipOf(content);
      const pieces: Uint8Array[] = [];
      for (let at = 0, i = 0; at < gzip.size; i++) {
        pieces.push(gzip.read(at, lengths[i % lengths.length]!));
        at += pieces.at(-1)!.length;
      }
      t.deepEqual(gunzipSync(Buffer.concat(pieces)), Buffer.from(content));
      t.is(gzip.read(gzip.size, 5).length, 0);
    }),
  );
});

test("the trailer has the length modulo 2^32, lowest byte first", (t) => {
  t.is(gzipTrailer(0xfedcba98, 5).toString("hex"), "98badcfe05000000");
  t.is(gzipTrailer(0, 2 ** 32 - 1).toString("hex"), "00000000ffffffff");
  t.is(gzipTrailer(0, 2 ** 32).toString("hex"), "0000000000000000");
  t.is(gzipTrailer(0, 5 * 2 ** 32 + 0x12345678).toString("hex"), "0000000078563412");
});

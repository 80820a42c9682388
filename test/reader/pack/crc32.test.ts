import { crc32 as expected } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { crc32 } from "../../../reader/node-platform.ts";
import { portableCrc32 } from "../../../reader/pack/crc32.ts";

test("the CRC-32 in JavaScript is that of zlib, in one piece and in two", (t) => {
  t.is(crc32, expected);
  t.is(portableCrc32(Buffer.from("123456789")), 0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), fc.uint8Array({ maxLength: 1000 }), (a, b) => {
      t.is(portableCrc32(b, portableCrc32(a)), expected(Buffer.concat([a, b])));
    }),
  );
});

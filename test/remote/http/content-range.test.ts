import test from "ava";
import fc from "fast-check";
import { parseContentRange } from "../../../remote/http/content-range.ts";

test("a range, with and without a total, and a total alone are read", (t) => {
  t.deepEqual(parseContentRange("bytes 0-0/1"), { range: { first: 0, last: 0 }, total: 1 });
  t.deepEqual(parseContentRange(" Bytes  5-9/* "), { range: { first: 5, last: 9 }, total: undefined });
  t.deepEqual(parseContentRange("bytes */0"), { range: undefined, total: 0 });
});

test("what is malformed or contradicts itself is refused", (t) => {
  for (const text of [
    undefined,
    "",
    "bytes",
    "bytes 1-0/9",
    "bytes 0-9/9",
    "bytes 0-9/9, bytes 0-1/9",
    "bytes */*",
    "bytes -5/9",
    "bytes 0-/9",
    "bytes=0-1/9",
    "items 0-1/9",
    "bytes 0x0-1/9",
    "bytes 0-9007199254740992/*",
    "bytes 0-1/99999999999999999",
    "bytes 0-1/9007199254740993",
  ]) {
    t.is(parseContentRange(text), undefined, text);
  }
});

test("what is written is read", (t) => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.integer({ min: 1, max: 100 }), (a, b, more) => {
      const [first, last] = [Math.min(a, b) - 100, Math.max(a, b) - 100];
      fc.pre(first >= 0);
      const parsed = parseContentRange(`bytes ${first}-${last}/${last + more}`);
      return parsed?.range?.first === first && parsed.range.last === last && parsed.total === last + more;
    }),
  );
  t.pass();
});

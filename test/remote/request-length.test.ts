import test from "ava";
import fc from "fast-check";
import { RequestLength } from "../../remote/request-length.ts";

const KIB = 1024;

test("requests become longer while they are fast, up to the most", (t) => {
  const length = new RequestLength(256 * KIB, 2048 * KIB);
  const lengths = Array.from({ length: 5 }, () => {
    const { bytes } = length;
    length.took(bytes, 100);
    return bytes / KIB;
  });
  t.deepEqual(lengths, [256, 512, 1024, 2048, 2048]);
});

test("a short request that is fast says nothing of a long one", (t) => {
  const length = new RequestLength(256 * KIB, 2048 * KIB);
  length.took(64 * KIB, 10);
  t.is(length.bytes, 256 * KIB);
});

test("a network of any rate gets requests that it answers in some seconds, whatever was before", (t) => {
  const rates = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(rates, (all) => {
      const length = new RequestLength(256 * KIB, 2048 * KIB);
      for (const rate of all) {
        for (let i = 0; i < 12; i++) length.took(length.bytes, length.bytes / rate);
        const took = length.bytes / rate;
        t.true(length.bytes % (64 * KIB) === 0 && length.bytes >= 64 * KIB && length.bytes <= 2048 * KIB);
        t.true(took <= 5000 || length.bytes === 64 * KIB, `${took} ms at ${rate} bytes a ms`);
        t.true(took >= 250 || length.bytes === 2048 * KIB, `${took} ms at ${rate} bytes a ms`);
      }
    }),
  );
});

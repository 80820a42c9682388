import { randomBytes } from "node:crypto";
import { crc32, inflateSync } from "node:zlib";
import test from "ava";
import { copy, delta, makeImage, open, refDelta, whole } from "../pack-fixture.ts";

const LARGE = randomBytes(1_300_000);
const SAME = Buffer.alloc(5_000_000, "compresses well ");
const PART = LARGE.subarray(0, 1_200_000);
const WHOLE = { empty: Buffer.alloc(0), large: LARGE, same: SAME, small: Buffer.from("small\n") };
const IMAGE = makeImage({
  delta: refDelta(whole("blob", LARGE).id, delta(LARGE.length, PART.length, copy(0, PART.length)), PART),
  empty: whole("blob", WHOLE.empty),
  large: whole("blob", LARGE),
  same: whole("blob", SAME),
  small: whole("blob", WHOLE.small),
});

for (const inflate of ["zlib", "pako"] as const) {
  test(`the stream of a blob, verified by ${inflate}, is the one in the image and inflates to the content`, (t) => {
    const store = open(IMAGE, { sectorCacheSize: 32 * 1024, inflate });
    for (const [name, content] of Object.entries(WHOLE)) {
      const blob = store.openCompressed(name)!;
      t.is(blob.size, content.length);
      t.is(blob.length, undefined);
      t.throws(() => blob.read(0, 1), { message: /before its blob is verified/ });
      t.is(blob.crc32, undefined);
      while (!blob.verify(1_000_000)) t.deepEqual([blob.length, blob.crc32], [undefined, undefined]);
      t.is(blob.crc32, crc32(content));
      const stream = blob.read(0, Number.MAX_SAFE_INTEGER);
      t.true(blob.length === stream.length);
      t.true(IMAGE.includes(stream));
      t.true(inflateSync(stream).equals(content));
      // The last byte belongs to it.
      t.throws(() => inflateSync(stream.subarray(0, -1)));
      t.deepEqual(blob.read(5, 20), stream.subarray(5, 25));
      t.is(blob.read(stream.length, 10).length, 0);
      blob.close();
      const known = store.openCompressed(name, stream.length)!;
      t.true(known.verify());
      t.true(Buffer.from(known.read(0, stream.length)).equals(stream));
    }
  });
}

test("a delta has no stream of its own", (t) => {
  t.is(open(IMAGE).openCompressed("delta"), undefined);
  t.throws(() => open(IMAGE).openCompressed("nope"), { code: "NOT_FOUND" });
});

test("of a damaged stream, nothing is given", (t) => {
  const image = Buffer.from(IMAGE);
  const intact = open(IMAGE).openCompressed("large")!;
  intact.verify();
  const at = image.indexOf(intact.read(0, intact.length!));
  image[at + 600_000]! ^= 1;
  const blob = open(image).openCompressed("large")!;
  t.throws(() => blob.verify(), { code: "INVALID_IMAGE" });
  t.throws(() => blob.verify(), { code: "INVALID_IMAGE" }, "what is damaged stays damaged");
  t.throws(() => blob.read(0, 1));
});

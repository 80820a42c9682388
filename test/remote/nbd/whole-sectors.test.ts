import test from "ava";
import fc from "fast-check";
import { wholeSectors } from "../../../remote/nbd/whole-sectors.ts";

test("an image has whole sectors, and zeroes behind its end", async (t) => {
  const range = fc.tuple(fc.nat(3000), fc.nat(3000), fc.nat(3000));
  const property = fc.asyncProperty(range, async ([size, from, to]) => {
    const image = Uint8Array.from({ length: size }, (_, i) => (i % 255) + 1);
    const padded = Buffer.alloc(Math.ceil(size / 512) * 512);
    padded.set(image);
    const sectors = wholeSectors({
      size,
      async read(offset, length) {
        if (offset < 0 || length < 0 || offset + length > size) throw new RangeError("beyond the end");
        return image.slice(offset, offset + length);
      },
    });
    t.is(sectors.size, padded.length);
    const [start, end] = [Math.min(from, to, padded.length), Math.min(Math.max(from, to), padded.length)];
    t.is(Buffer.compare(await sectors.read(start, end - start), padded.subarray(start, end)), 0);
  });
  await fc.assert(property);
});

import test from "ava";
import fc from "fast-check";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { decodeHeader, encodeHeader, paddedTo, readHeader } from "../../../reader/image/header.ts";
import { faultOf, refused } from "../fault.ts";

const HASHES = [
  { hash: "sha1", idLength: 20, packStart: 28 },
  { hash: "sha256", idLength: 32, packStart: 40 },
] as const;

/** The start of an image: the header, and what a PACK starts with. */
function imageStart(id: Uint8Array, indexOffset: number): Buffer {
  return Buffer.concat([encodeHeader(id, indexOffset), Buffer.from("PACK\0\0\0\x02")]);
}

for (const { hash, idLength, packStart } of HASHES) {
  const least = packStart + 12;

  test(`${hash}: what is encoded is decoded`, (t) => {
    const property = fc.property(
      fc.uint8Array({ minLength: idLength, maxLength: idLength }),
      fc.integer({ min: least, max: Number.MAX_SAFE_INTEGER - 1 }),
      (id, indexOffset) => {
        const header = decodeHeader(imageStart(id, indexOffset), Number.MAX_SAFE_INTEGER);
        t.deepEqual(header, { hash, packStart, commit: Buffer.from(id).toString("hex"), indexOffset });
      },
    );
    t.notThrows(() => fc.assert(property));
  });

  test(`${hash}: the offset is little endian, behind the id`, (t) => {
    const bytes = Buffer.from(encodeHeader(Buffer.alloc(idLength, 0xab), 0x0102030405));
    t.is(bytes.toString("hex"), `${"ab".repeat(idLength)}0504030201000000`);
  });

  test(`${hash}: a header that is short or points beyond any disk is refused`, (t) => {
    const bytes = imageStart(Buffer.alloc(idLength), 512);
    for (let length = 0; length < packStart; length++) {
      refused(t, "header", () => decodeHeader(bytes.subarray(0, length), 1024));
    }
    bytes.fill(0xff, idLength, packStart);
    refused(t, "header", () => decodeHeader(bytes, Number.MAX_SAFE_INTEGER));
    t.throws(() => encodeHeader(Buffer.alloc(idLength - 1), 1), { instanceOf: RangeError });
    t.throws(() => encodeHeader(Buffer.alloc(idLength), 1.5), { instanceOf: RangeError });
    t.throws(() => encodeHeader(Buffer.alloc(idLength), -1), { instanceOf: RangeError });
  });

  test(`${hash}: an index offset within the image and past an empty PACK is read, any other refused`, (t) => {
    const sizes = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2 ** 40 }));
    const property = fc.property(sizes, sizes, (indexOffset, size) => {
      const fault = faultOf(() => decodeHeader(imageStart(Buffer.alloc(idLength), indexOffset), size));
      return fault === (indexOffset >= least && indexOffset < size ? "none" : "header");
    });
    t.notThrows(() => fc.assert(property, { numRuns: 1000 }));
    for (const [indexOffset, size, fault] of [
      [least - 1, 4096, "header"],
      [least, 4096, "none"],
      [4095, 4096, "none"],
      [4096, 4096, "header"],
    ] as const) {
      const image = Buffer.alloc(size);
      image.set(imageStart(Buffer.alloc(idLength), indexOffset));
      t.is(
        faultOf(() => decodeHeader(image, size)),
        fault,
      );
      t.is(
        faultOf(() => readHeader(new SectorCache(memoryDevice(image)))),
        fault,
      );
    }
  });

  test(`${hash}: without a PACK, the index offset tells the hash function`, (t) => {
    const id = Buffer.alloc(idLength, 0xee);
    const bytes = Buffer.concat([encodeHeader(id, 1024), Buffer.from("JUNK of all kinds, long enough")]);
    t.deepEqual(decodeHeader(bytes, 2048), {
      hash,
      packStart,
      commit: id.toString("hex"),
      indexOffset: 1024,
    });
  });
}

test("of a PACK in both places, the one behind a right index offset counts; of two, that of SHA-256", (t) => {
  const offset = (number: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(number);
    return bytes;
  };
  const [right, wrong] = [offset(512n), offset(2n ** 50n)];
  for (const [at20, at32, hash] of [
    [right, right, "sha256"],
    [wrong, right, "sha256"],
    [right, wrong, "sha1"],
  ] as const) {
    const pack = Buffer.from("PACK");
    const bytes = Buffer.concat([Buffer.alloc(20), at20, pack, at32, pack, Buffer.alloc(60)]);
    t.like(decodeHeader(bytes, 1024), { hash, indexOffset: 512 });
  }
  const neither = Buffer.concat([Buffer.alloc(20), wrong, Buffer.from("PACK"), wrong, Buffer.from("PACK")]);
  refused(t, "header", () => decodeHeader(neither, 1024));
});

test("an id of 32 bytes that ends as a PACK begins is no id of 20 bytes", (t) => {
  const id = Buffer.concat([Buffer.alloc(28, 1), Buffer.from("PACK")]);
  const header = decodeHeader(imageStart(id, 512), 1024);
  t.is(header.hash, "sha256");
  t.is(header.commit, id.toString("hex"));
});

test("padding ends on a block, and is never nothing", (t) => {
  t.is(paddedTo(0, 512), 512);
  t.is(paddedTo(511, 512), 512);
  t.is(paddedTo(512, 512), 1024);
  t.is(paddedTo(513, 4096), 4096);
});

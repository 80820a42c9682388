import { randomBytes } from "node:crypto";
import test from "ava";
import type { BlockDevice } from "../../../reader/block/device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import { connect } from "../../../reader/store/connect.ts";
import type { Store } from "../../../reader/store/store.ts";
import { copy, delta, makeImage, ofsDelta, open, whole } from "../pack-fixture.ts";

const MIB = 2 ** 20;

/** Copies of the pieces that come, and the error that they end in. */
async function pieces(store: Store, key: string): Promise<{ got: Buffer[]; error: unknown }> {
  const got: Buffer[] = [];
  try {
    for await (const piece of store.stream(key)) got.push(Buffer.from(piece));
    return { got, error: undefined };
  } catch (error) {
    return { got, error };
  }
}

test("values of any size come whole, in pieces of no more than a window where they are stored so", async (t) => {
  for (const size of [0, 1, MIB, MIB + 1, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 3_333_333]) {
    for (const content of [Buffer.alloc(size, "well "), randomBytes(size)]) {
      for (const inflate of ["zlib", "pako"] as const) {
        const store = open(makeImage({ a: whole("blob", content) }), { inflate });
        const { got, error } = await pieces(store, "a");
        t.is(error, undefined);
        t.true(Buffer.concat(got).equals(content), `${size}`);
        t.true(got.every(({ length }) => length <= MIB));
      }
    }
  }
});

test("a value that is a delta comes whole, again and again", async (t) => {
  const base = whole("blob", randomBytes(20 * MIB));
  const content = Buffer.concat([base.data, base.data]).subarray(0, 30 * MIB);
  const made = delta(20 * MIB, 30 * MIB, copy(0, 10 * MIB), copy(10 * MIB, 10 * MIB), copy(0, 10 * MIB));
  const store = open(makeImage({ a: ofsDelta(base.id, made, content) }, [base]));
  for (let time = 0; time < 2; time++) {
    const { got } = await pieces(store, "a");
    t.true(Buffer.concat(got).equals(content));
    t.true(content.equals(store.get("a")));
  }
});

test("of a value that is damaged, or not what its id says, nothing comes", async (t) => {
  const content = randomBytes(3 * MIB);
  const entry = whole("blob", content);
  const mismatching = makeImage({
    a: { ...entry, data: Buffer.concat([content.subarray(1), Buffer.of(0)]) },
  });
  const damaged = makeImage({ a: entry });
  damaged[damaged.indexOf(content.subarray(2 * MIB, 2 * MIB + 20))]! ^= 1;
  for (const image of [mismatching, damaged]) {
    const { got, error } = await pieces(open(image), "a");
    t.true(error instanceof InvalidImageError);
    t.is((error as InvalidImageError).object, entry.id);
    t.is(got.length, 0);
  }
});

test("what the device gives differently the second time does not come", async (t) => {
  // It does not compress: each byte lies in the image once, as it is.
  const content = randomBytes(6 * MIB);
  const image = makeImage({ a: whole("blob", content) });
  const at = image.indexOf(content.subarray(4_500_000, 4_500_020));
  const device = memoryDevice(image);
  let seen = 0;
  const changing: BlockDevice = {
    ...device,
    readSectors(first, into) {
      device.readSectors(first, into);
      const within = at - first * device.sectorSize;
      if (within >= 0 && within < into.length && seen++ > 0) into[within]! ^= 1;
    },
  };
  const { got, error } = await pieces(connect(changing, { sectorCacheSize: 8192 }), "a");
  t.true(error instanceof InvalidImageError);
  t.is(seen, 2);
  // The first four windows are those of the first pass.
  t.true(Buffer.concat(got).equals(content.subarray(0, 4 * MIB)));
});

test("who stops early leaves nothing open, and others may stream meanwhile", async (t) => {
  const contents = { a: randomBytes(3 * MIB), b: Buffer.alloc(4 * MIB, "b") };
  const image = makeImage({ a: whole("blob", contents.a), b: whole("blob", contents.b) });
  const store = open(image, { sectorCacheSize: 8192 });
  for await (const piece of store.stream("a")) {
    t.is(piece.length, MIB);
    break;
  }
  const both = await Promise.all([pieces(store, "a"), pieces(store, "b")]);
  t.true(Buffer.concat(both[0].got).equals(contents.a));
  t.true(Buffer.concat(both[1].got).equals(contents.b));
});

test("errors are those of get", async (t) => {
  const store = open(makeImage({ a: whole("blob", "x") }));
  t.throws(() => store.stream("nope"), { code: "NOT_FOUND" });
  t.throws(() => store.stream("/"), { code: "VALUE_EXPECTED" });
});

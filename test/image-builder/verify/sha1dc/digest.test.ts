import { createHash, randomBytes } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import { SHA1DC } from "../../../../image-builder/verify/sha1dc/sha1dc.ts";
import { reference } from "./reference-sha1.ts";

const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest();
const detecting = () => SHA1DC.createHash("sha1");
const hash = SHA1DC.hash!;

/** Bytes that are compressed at once; see `MEMORY` in kernel-code.ts. */
const ROOM = 131_072 - 16_384;

const SIZES = [
  ...Array.from({ length: 330 }, (_, size) => size),
  ...[-65, -64, -63, -9, -8, -1, 0, 1, 55, 56, 63, 64, 65].map((more) => ROOM + more),
  ...[-1, 0, 1].map((more) => 2 * ROOM + more),
];

test("a digest is the SHA-1 that Node computes, of every size around an edge", (t) => {
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    const expected = sha1(bytes);
    t.deepEqual(Buffer.from(detecting().update(bytes).digest()), expected, `${size} bytes`);
    t.is(hash("sha1", bytes), expected.toString("latin1"), `${size} bytes at once`);
  }
});

test("Node, the definition and the kernel agree", (t) => {
  for (const size of [0, 3, 56, 64, 200]) {
    const bytes = randomBytes(size);
    t.is(reference(bytes).digest, sha1(bytes).toString("hex"));
  }
});

test("bytes may come in pieces, and a copy goes its own way", (t) => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom(63, 64, 65, 256, ROOM - 1, ROOM, ROOM + 1).map((size) => Buffer.alloc(size, 0xa5)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.nat(8), fc.uint8Array(), (pieces, at, others) => {
      const whole = detecting();
      let copy = whole.copy();
      pieces.forEach((bytes, i) => {
        if (i === at) copy = whole.copy();
        whole.update(bytes);
      });
      const before = at < pieces.length ? pieces.slice(0, at) : [];
      t.deepEqual(Buffer.from(copy.update(others).digest()), sha1(Buffer.concat([...before, others])));
      t.deepEqual(Buffer.from(whole.digest()), sha1(Buffer.concat(pieces)));
    }),
  );
});

test("hashes that take turns do not disturb each other", (t) => {
  const hashes = Array.from({ length: 5 }, detecting);
  const taken: Buffer[][] = hashes.map(() => []);
  for (let turn = 0; turn < 200; turn++) {
    const bytes = randomBytes(turn);
    hashes[turn % 5]!.update(bytes);
    taken[turn % 5]!.push(bytes);
  }
  hashes.forEach((each, i) => {
    t.deepEqual(Buffer.from(each.digest()), sha1(Buffer.concat(taken[i]!)));
  });
});

test("strings are hashed as UTF-8, part of an array as that part", (t) => {
  t.deepEqual(Buffer.from(detecting().update("blob 3\0é").digest()), sha1(Buffer.from("blob 3\0é")));
  const part = randomBytes(300).subarray(17, 217);
  t.is(hash("sha1", part), sha1(part).toString("latin1"));
});

test("the length of a message may take more than 32 bits", (t) => {
  const mebibyte = Buffer.alloc(1 << 20, "docteur");
  const [expected, actual] = [createHash("sha1"), detecting()];
  for (let i = 0; i <= 512; i++) {
    expected.update(mebibyte);
    actual.update(mebibyte);
  }
  t.deepEqual(Buffer.from(actual.digest()), expected.digest());
});

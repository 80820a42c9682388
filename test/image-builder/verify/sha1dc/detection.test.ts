// What is detected: the published collisions, and nothing else.
import { createHash, randomBytes, randomInt } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import { CollisionError } from "../../../../image-builder/verify/sha1dc/collision-error.ts";
import { SHA1DC } from "../../../../image-builder/verify/sha1dc/sha1dc.ts";
import { PAIRS } from "./collisions.ts";
import { reference } from "./reference-sha1.ts";

const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
const MESSAGES = PAIRS.flatMap(({ name, messages }) => messages.map((message) => ({ name, message })));

/** The digest in hexadecimal, or "detected". */
function outcome(bytes: Uint8Array): string {
  try {
    return Buffer.from(SHA1DC.createHash("sha1").update(bytes).digest()).toString("hex");
  } catch (error) {
    if (error instanceof CollisionError) return "detected";
    throw error;
  }
}

/** What every vector upon every block comes to. */
function unfiltered(bytes: Uint8Array): string {
  const { digest, collisions } = reference(bytes);
  return collisions.length > 0 ? "detected" : digest;
}

test("each message of each published collision is detected, whatever follows it", (t) => {
  for (const { name, messages, sha1: digest, lastBlock } of PAIRS) {
    for (const message of messages) {
      t.is(sha1(message), digest, name);
      t.is(outcome(message), "detected", name);
      t.throws(() => SHA1DC.hash!("sha1", message), { instanceOf: CollisionError }, name);
      t.deepEqual(reference(message).collisions, [{ block: lastBlock, vector: "II(52,0)" }], name);
      for (const length of [1, 55, 64, 1000, 200_000]) {
        t.is(outcome(Buffer.concat([message, randomBytes(length)])), "detected", name);
      }
    }
    t.notDeepEqual(messages[0], messages[1]);
  }
});

test("it is detected in whatever pieces it comes, and by a copy, made before or after", (t) => {
  for (const { message } of MESSAGES) {
    for (let n = 0; n < 20; n++) {
      const cut = randomInt(message.length + 1);
      const hash = SHA1DC.createHash("sha1").update(message.subarray(0, cut));
      const before = hash.copy();
      hash.update(message.subarray(cut));
      const after = hash.copy();
      t.throws(() => hash.digest(), { instanceOf: CollisionError });
      t.throws(() => after.update("more").digest(), { instanceOf: CollisionError });
      t.throws(() => before.update(message.subarray(cut)).digest(), { instanceOf: CollisionError });
    }
  }
});

test("it is detected however many blocks are compressed at once before and after", (t) => {
  const { message } = MESSAGES[0]!;
  for (let more = 0; more < 300; more += 17) {
    const hash = SHA1DC.createHash("sha1").update(message.subarray(0, 256));
    t.throws(() => hash.update(Buffer.concat([message.subarray(256), randomBytes(more)])).digest(), {
      instanceOf: CollisionError,
    });
  }
});

test("short of its last block, or behind anything else, it is an ordinary message", (t) => {
  for (const { message } of MESSAGES) {
    const ordinary = [
      message.subarray(0, -64),
      message.subarray(64),
      Buffer.concat([randomBytes(64), message]),
      // As git hashes it.
      Buffer.concat([Buffer.from(`blob ${message.length}\0`), message]),
    ];
    for (const bytes of ordinary) {
      t.is(outcome(bytes), sha1(bytes));
      t.is(unfiltered(bytes), sha1(bytes));
    }
  }
});

test("the conditions leave out nothing that the vectors find", (t) => {
  // A bit that is flipped in the last block breaks the collision or, in both blocks of a pair, does not.
  const damaged = fc.record({ which: fc.nat(MESSAGES.length - 1), bit: fc.nat(), flip: fc.boolean() });
  fc.assert(
    fc.property(damaged, ({ which, bit, flip }) => {
      const bytes = Buffer.from(MESSAGES[which]!.message);
      if (flip) bytes[Math.floor(bit / 8) % bytes.length]! ^= 1 << (bit % 8);
      t.is(outcome(bytes), unfiltered(bytes));
    }),
  );
  for (const bytes of [Buffer.alloc(2000), Buffer.alloc(2000, 0xff), randomBytes(20_000)]) {
    t.is(outcome(bytes), unfiltered(bytes));
  }
});

test("what nobody attacked is not suspected", (t) => {
  const bytes = randomBytes(16 << 20);
  t.is(outcome(bytes), sha1(bytes));
  const text = Buffer.alloc(4 << 20, "all work and no play makes jack a dull boy\n");
  t.is(outcome(text), sha1(text));
});

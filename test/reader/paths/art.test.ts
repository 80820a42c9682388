import { randomBytes } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import { SHA1 } from "../../../reader/node-platform.ts";
import { Art } from "../../../reader/paths/art.ts";
import { anyFormat, FORMATS } from "../formats.ts";

/** Bytes that make nodes of every kind grow and keys share long beginnings; 0 ends a key and is in none. */
const part = fc.oneof(
  fc.uint8Array({ min: 1, max: 255, maxLength: 6 }),
  fc.uint8Array({ min: 1, max: 4, maxLength: 8 }),
  fc.constantFrom("a".repeat(60), "ab".repeat(200), "deep/".repeat(30)).map((text) => Buffer.from(text)),
);
const key = fc.array(part, { maxLength: 4 }).map((parts) => Buffer.concat([...parts, Buffer.of(0)]));
const keys = fc.array(key, { maxLength: 400, size: "max" });

interface Kept {
  readonly tag: number;
  readonly payload: string;
}

/** Fills a tree and a map alike. */
function fill(keys: readonly Buffer[], { idLength } = SHA1): { art: Art; model: Map<string, Kept> } {
  const art = new Art(idLength);
  const model = new Map<string, Kept>();
  for (const key of keys) {
    const tag = model.size % 8;
    const payload = randomBytes(idLength);
    const text = key.toString("latin1");
    const padded = Buffer.concat([key, randomBytes(3)]);
    if (art.insert(padded, key.length, tag, payload) === model.has(text))
      throw new Error("insert says the opposite");
    model.set(text, { tag, payload: payload.toString("hex") });
  }
  return { art, model };
}

function found(art: Art, key: Uint8Array): Kept | undefined {
  const leaf = art.find(key, key.length);
  return leaf === 0
    ? undefined
    : { tag: art.tag(leaf), payload: Buffer.from(art.payload(leaf)).toString("hex") };
}

function same(a: Kept | undefined, b: Kept | undefined): boolean {
  return a?.tag === b?.tag && a?.payload === b?.payload;
}

test("the tree finds what a map finds", (t) => {
  const property = fc.property(
    keys,
    fc.array(key, { maxLength: 30 }),
    fc.boolean(),
    anyFormat,
    (keys, others, trim, format) => {
      const { art, model } = fill(keys, format);
      if (trim) art.trim();
      const prefixes = keys.slice(0, 30).map((key) => key.subarray(0, key.length >> 1));
      const longer = keys.slice(0, 30).map((key) => Buffer.concat([key, Buffer.of(0)]));
      const asked = [...keys, ...others, ...prefixes, ...longer];
      return (
        art.size === model.size &&
        asked.every((key) => same(found(art, key), model.get(key.toString("latin1"))))
      );
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 200 }));
});

test("the tree lists the keys with a prefix in byte order", (t) => {
  const property = fc.property(keys, fc.nat(), part, anyFormat, (keys, salt, other, format) => {
    const { art, model } = fill(keys, format);
    const some = keys[salt % Math.max(1, keys.length)] ?? Buffer.of();
    const prefixes = [Buffer.of(), some, some.subarray(0, salt % (some.length + 1)), Buffer.from(other)];
    for (const prefix of prefixes) {
      const text = prefix.toString("latin1");
      const expected = [...model.keys()].filter((key) => key.startsWith(text)).sort();
      const listed: string[] = [];
      for (const { key, leaf } of art.startingWith(Buffer.concat([prefix, randomBytes(2)]), prefix.length)) {
        const name = Buffer.from(key).toString("latin1");
        if (art.tag(leaf) !== model.get(name)?.tag) return false;
        listed.push(name);
      }
      if (listed.join("|") !== expected.join("|")) return false;
    }
    return true;
  });
  t.notThrows(() => fc.assert(property, { numRuns: 200 }));
});

for (const { name, idLength } of FORMATS) {
  test(`${name}: a node grows through 4, 16, 48 and 256 children, in any order`, (t) => {
    const orders = [(i: number) => i, (i: number) => 255 - i, (i: number) => (i * 97) % 256];
    for (const order of orders) {
      const art = new Art(idLength);
      const payload = (byte: number) => Buffer.alloc(idLength, byte);
      for (let i = 0; i < 256; i++) {
        const byte = order(i);
        t.true(art.insert(Buffer.from([120, byte, byte === 0 ? 1 : 0]), 3, byte % 8, payload(byte)));
        for (let j = 0; j <= i; j++) {
          const known = order(j);
          const leaf = art.find(Buffer.from([120, known, known === 0 ? 1 : 0]), 3);
          if (leaf === 0 || art.payload(leaf)[0] !== known)
            t.fail(`${known} is lost after ${i + 1} insertions`);
        }
      }
      t.is(art.size, 256);
      const listed = [...art.startingWith(Buffer.from("x"), 1)].length;
      t.is(listed, 256);
    }
  });

  test(`${name}: the memory of nodes that grew is used again`, (t) => {
    const art = new Art(idLength);
    const payload = Buffer.alloc(idLength);
    for (let i = 0; i < 100_000; i++) {
      const key = Buffer.from(`${(i * 7919) % 100_000}\0`.padStart(8, "0"));
      art.insert(key, key.length, 0, payload);
    }
    art.trim();
    t.is(art.size, 100_000);
    t.true(art.byteLength < 100_000 * (30 + idLength), `${art.byteLength} bytes`);
  });
}

test("an empty tree finds and lists nothing", (t) => {
  const art = new Art(SHA1.idLength);
  t.is(art.find(Buffer.from("a\0"), 2), 0);
  t.is(art.find(Buffer.of(), 0), 0);
  t.deepEqual([...art.startingWith(Buffer.of(), 0)], []);
});

test("two keys may share more bytes than a word counts", (t) => {
  const shared = Buffer.alloc(100_000, "shared ");
  const { art, model } = fill(["a\0", "b\0", "\0"].map((end) => Buffer.concat([shared, Buffer.from(end)])));
  for (const key of model.keys()) t.true(same(found(art, Buffer.from(key, "latin1")), model.get(key)));
});

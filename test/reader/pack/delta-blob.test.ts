import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { faultOf, refused } from "../fault.ts";
import { copy, delta, insert, type MadeEntry, makeImage, ofsDelta, open, whole } from "../pack-fixture.ts";

/** Blobs of which each is built on the one before, from an undeltified one. */
function chainOf(letter: string, size: number, depth: number): { entries: MadeEntry[]; contents: Buffer[] } {
  const contents = [Buffer.alloc(size, letter)];
  const entries = [whole("blob", contents[0]!)];
  for (let i = 1; i <= depth; i++) {
    const source = contents.at(-1)!;
    const own = Buffer.from(`${letter}${i} `);
    const content = Buffer.concat([own, source]);
    contents.push(content);
    const made = delta(source.length, content.length, insert(own), copy(0, source.length));
    entries.push(ofsDelta(entries.at(-1)!.id, made, content));
  }
  return { entries, contents };
}

const A = chainOf("a", 100_000, 30);
const B = chainOf("b", 300, 60);
const IMAGE = makeImage(
  { a: A.entries.at(-1)!, a9: A.entries[9]!, b: B.entries.at(-1)!, b3: B.entries[3]! },
  [...A.entries.slice(0, -1), ...B.entries.slice(0, -1)],
);
const CONTENTS = { a: A.contents.at(-1)!, a9: A.contents[9]!, b: B.contents.at(-1)!, b3: B.contents[3]! };
type Name = keyof typeof CONTENTS;
const NAMES = Object.keys(CONTENTS) as Name[];

test("blobs are made step by step, several at a time, whatever is read in between", (t) => {
  const step = fc.record({
    name: fc.constantFrom(...NAMES),
    limit: fc.constantFrom(1, 1000, 200_000),
    get: fc.option(fc.constantFrom(...NAMES)),
  });
  const property = fc.property(
    fc.array(step, { maxLength: 60 }),
    fc.constantFrom(0, 2000, 150_000, 6 << 20),
    (steps, baseCacheSize) => {
      const store = open(IMAGE, { baseCacheSize });
      const readers = Object.fromEntries(NAMES.map((name) => [name, store.open(name)]));
      for (const { name, limit, get } of steps) {
        const reader = readers[name]!;
        assert.equal(reader.size, CONTENTS[name].length);
        const isMade = reader.verify(limit);
        assert.equal(reader.verified, isMade);
        assert.ok(isMade ? CONTENTS[name].equals(reader.whole!) : reader.whole === undefined);
        if (get !== null) assert.ok(CONTENTS[get].equals(store.get(get)));
      }
      for (const name of NAMES) {
        const into = Buffer.alloc(50);
        assert.equal(readers[name]!.read(100, into), 50);
        assert.ok(CONTENTS[name].subarray(100, 150).equals(into));
        readers[name]!.close();
      }
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 40, endOnFailure: true, includeErrorInReport: true }));
});

test("a step makes some of it, and the last step all", (t) => {
  const reader = open(IMAGE, { baseCacheSize: 0 }).open("a");
  let steps = 1;
  while (!reader.verify(1)) steps++;
  t.is(steps, 30);
  t.true(CONTENTS.a.equals(reader.whole!));
  t.true(reader.verify(1));
});

test("damage in a chain, or an id that does not match, is a fault at each step, and no byte is returned", (t) => {
  const mismatching = { ...A.entries.at(-1)!, id: "ab".repeat(20) };
  const broken = { ...A.entries[5]!, stream: Buffer.from("no zlib stream") };
  for (const [image, fault] of [
    [makeImage({ a: mismatching }, A.entries.slice(0, -1)), "object-id"],
    [makeImage({ a: A.entries.at(-1)! }, A.entries.slice(0, -1).with(5, broken)), "pack-inflate"],
  ] as const) {
    const reader = open(image).open("a");
    const make = () => {
      while (!reader.verify(1));
    };
    refused(t, fault, make);
    refused(t, fault, () => reader.verify());
    refused(t, fault, () => reader.read(0, Buffer.alloc(1)));
    t.is(reader.whole, undefined);
  }
});

test("a reader that is closed makes nothing more", (t) => {
  const reader = open(IMAGE, { baseCacheSize: 0 }).open("a");
  t.false(reader.verify(1));
  reader.close();
  t.throws(() => reader.verify(1));
  t.throws(() => reader.read(0, Buffer.alloc(1)));
});

test("a delta whose base is of another kind is no blob", (t) => {
  const tree = whole("tree", "");
  const image = makeImage({ a: ofsDelta(tree.id, delta(0, 1, insert("x")), Buffer.from("x")) }, [tree]);
  t.is(
    faultOf(() => open(image).open("a")),
    "object-kind",
  );
});

import test from "ava";
import fc from "fast-check";
import { InvalidImageError } from "../../../reader/errors.ts";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { BLOCK_SIZE, MAX_BASES, TYPES } from "../../../reader/layout/format.ts";
import { LayoutCursor } from "../../../reader/layout/layout-cursor.ts";
import { anyFormat, anyId, FORMATS } from "../formats.ts";
import { type LaidOut, opened, written } from "./layout-file.ts";

const name = fc.oneof(
  fc.uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 12 }),
  fc.uint8Array({ min: 97, max: 98, minLength: 1, maxLength: 6 }),
  fc.stringMatching(/^page-[0-9]{1,5}\.html$/).map((text) => Buffer.from(text)),
  fc.constantFrom("x".repeat(300), "deep/".repeat(60), "").map((text) => Buffer.from(text)),
);
const key = fc.tuple(name, name).map(([folder, file]) => Buffer.concat([folder, Buffer.of(0x2f, 0), file]));
const number = fc.oneof(
  fc.nat(1000),
  fc.nat(),
  fc.nat().map((n) => n * 1000),
);
const range = fc.record({ offset: number, length: number });
const location = fc.record({
  offset: number,
  length: number,
  size: number,
  bases: fc.array(range, { maxLength: MAX_BASES }),
});

/** Entries in the order of their keys, those of type `gitlink` without a location. */
function entriesOf(format: ObjectFormat): fc.Arbitrary<LaidOut[]> {
  const type = fc.constantFrom(...TYPES, "disordered" as const);
  const entry = fc.record({ key, type, id: anyId(format), location });
  return fc.array(entry, { minLength: 1, maxLength: 2000, size: "max" }).map((drawn): LaidOut[] => {
    const sorted = drawn.toSorted((a, b) => Buffer.compare(a.key, b.key));
    const once = sorted.filter(({ key }, i) => i === 0 || !key.equals(sorted[i - 1]!.key));
    return once.map((each) =>
      each.type === "gitlink" || each.type === "disordered" ? { ...each, location: undefined } : each,
    );
  });
}

/** A format, and entries with ids of it. */
const entries = anyFormat.chain((format) => fc.tuple(fc.constant(format), entriesOf(format)));

function shown(cursor: LayoutCursor): LaidOut {
  const { entry } = cursor;
  const isMark = entry.isDisorderMark;
  return {
    key: Buffer.from(entry.key.slice(0, entry.keyLength)),
    type: isMark ? "disordered" : entry.type,
    id: isMark ? Buffer.alloc(0) : Buffer.from(entry.id),
    location: isMark ? undefined : entry.location,
  };
}

function wanted({ key, type, id, location }: LaidOut): LaidOut {
  return { key, type, id: type === "disordered" ? Buffer.alloc(0) : Buffer.from(id), location };
}

test("every entry is found by its key and by its rank, and all follow one another", (t) => {
  const property = fc.property(entries, fc.boolean(), ([format, all], keepsBlocks) => {
    const { bytes, shape } = written(all, format);
    const section = opened(bytes, shape, { capacity: keepsBlocks ? 1024 ** 2 : 0, format });
    const walk = new LayoutCursor(section);
    const search = new LayoutCursor(section);
    all.forEach((each, rank) => {
      if (rank === 0) walk.goToRank(0);
      else if (!walk.next()) throw new Error(`the walk ends at ${rank}`);
      search.seek(each.key, each.key.length);
      const jump = new LayoutCursor(section);
      jump.goToRank(rank);
      for (const cursor of [walk, search, jump]) {
        t.deepEqual(shown(cursor), wanted(each));
        t.is(cursor.rank, rank);
      }
    });
    t.false(walk.next());
    t.is(shape.entries, all.length);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 30 }));
});

test("what is not there leads to what comes after it", (t) => {
  const property = fc.property(
    entries,
    fc.array(key, { maxLength: 200, size: "max" }),
    ([format, all], asked) => {
      const { bytes, shape } = written(all, format);
      const cursor = new LayoutCursor(opened(bytes, shape, { format }));
      for (const one of asked) {
        const next = all.find(({ key }) => Buffer.compare(key, one) >= 0);
        const difference = cursor.seek(one, one.length);
        if (next === undefined) t.true(difference < 0);
        else {
          t.is(Math.sign(difference), next.key.equals(one) ? 0 : 1);
          t.deepEqual(shown(cursor), wanted(next));
        }
      }
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 60 }));
});

for (const format of FORMATS) {
  test(`${format.name}: a layout of one leaf is cut to sectors; every other block is whole`, (t) => {
    const few = (count: number): LaidOut[] =>
      Array.from({ length: count }, (_, i) => ({
        key: Buffer.from(`\0file-${String(i).padStart(6, "0")}`),
        type: "file",
        id: Buffer.alloc(format.idLength, i),
        location: { offset: 12 + 300 * i, length: 300, size: 700, bases: [] },
      }));
    t.is(written(few(1), format).bytes.length, 512);
    t.deepEqual(written(few(1), format).shape, { entries: 1, levels: [1] });
    const many = written(few(300_000), format);
    t.is(many.shape.levels.length, 3);
    const blocks = many.shape.levels.reduce((sum, count) => sum + count, 0);
    t.is(Math.ceil(many.bytes.length / BLOCK_SIZE), blocks);
    t.true(
      many.bytes.length < 300_000 * (12 + format.idLength),
      `${many.bytes.length / 300_000} bytes an entry`,
    );
  });

  test(`${format.name}: a block that is not as it was written is refused, one that never was a block fails in bounds`, (t) => {
    const all: LaidOut[] = Array.from({ length: 4000 }, (_, i) => ({
      key: Buffer.from(`folder/\0page-${String(i).padStart(5, "0")}.html`),
      type: "file",
      id: Buffer.alloc(format.idLength, i),
      location: { offset: 12 + 300 * i, length: 300, size: 700, bases: [{ offset: 12, length: 9 }] },
    }));
    const { bytes, shape } = written(all, format);
    const read = (bytes: Uint8Array) => {
      const section = opened(bytes, shape, { format });
      const cursor = new LayoutCursor(section);
      for (const { key } of all.filter((_, i) => i % 97 === 0)) cursor.seek(key, key.length);
      cursor.goToRank(0);
      for (let steps = 0; cursor.next(); steps++) if (steps > 10 * all.length) throw new Error("no end");
    };
    t.notThrows(() => read(bytes));
    for (let at = 5; at < bytes.length; at += 1999) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      t.throws(() => read(damaged), { instanceOf: InvalidImageError, message: /layout/ });
    }
  });
}

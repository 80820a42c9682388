import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "ava";
import fc from "fast-check";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { hex, raw } from "../../../reader/git/object-id.ts";
import { Idx } from "../../../reader/pack/idx.ts";
import { encodeIdx } from "../../../reader/pack/idx-encode.ts";
import type { IdxEntry } from "../../../reader/pack/idx-format.ts";
import { connect } from "../../../reader/store/connect.ts";
import { refused } from "../fault.ts";
import { anyId, FORMATS } from "../formats.ts";
import { assembleImage, splitImage } from "../image-fixture.ts";
import { makeImage, open, whole } from "../pack-fixture.ts";
import { Repository } from "../repository.ts";

/** Stands for the trailer of a PACK. */
function trailerOf({ idLength }: ObjectFormat): Uint8Array {
  return new Uint8Array(idLength).fill(7);
}

const PACK_SIZE = 2 ** 50;

function openIdx(idx: Uint8Array, format: ObjectFormat): Idx {
  return new Idx(new SectorCache(memoryDevice(idx)), 0, PACK_SIZE, format);
}

/** Entries in the order of their ids. */
function entriesOf(format: ObjectFormat): fc.Arbitrary<IdxEntry[]> {
  const { idLength } = format;
  // Ids that differ in their last byte only, and at both ends of the fan-out.
  const similar = fc.tuple(fc.constantFrom(0, 1, 0x7f, 0xfe, 0xff), fc.nat(255)).map(([first, last]) => {
    const id = new Uint8Array(idLength).fill(first);
    id[idLength - 1] = last;
    return id;
  });
  const entry = fc.record({
    id: fc.oneof(anyId(format), similar),
    crc: fc.nat(0xffffffff),
    offset: fc.oneof(
      fc.integer({ min: 12, max: 2 ** 31 - 1 }),
      fc.integer({ min: 2 ** 31, max: 2 ** 31 + 9 }),
      fc.integer({ min: 2 ** 31, max: PACK_SIZE - 1 }),
    ),
  });
  return fc
    .uniqueArray(entry, { selector: ({ id }) => Buffer.from(id).toString("hex"), maxLength: 300 })
    .map((all) => all.sort((a, b) => Buffer.compare(a.id, b.id)));
}

for (const format of FORMATS) {
  const trailer = trailerOf(format);
  const entries = entriesOf(format);

  test(`${format.name}: every id is found at its offset, and no other is found`, (t) => {
    const property = fc.property(entries, anyId(format), (all, other) => {
      const idx = openIdx(encodeIdx(all, trailer, format), format);
      const found = all.every(({ id, offset }) => idx.find(id) === offset);
      const known = all.some(({ id }) => Buffer.compare(id, other) === 0);
      return found && idx.count === all.length && (known || idx.find(other) === undefined);
    });
    t.notThrows(() => fc.assert(property, { numRuns: 120 }));
  });

  test(`${format.name}: every index gives its entry, one at a time and all at once`, (t) => {
    const property = fc.property(entries, (all) => {
      const idx = openIdx(encodeIdx(all, trailer, format), format);
      for (const [i, { id, crc, offset }] of all.entries()) {
        assert.deepEqual(
          [Buffer.from(idx.idAt(i)), idx.crcAt(i), idx.offsetAt(i)],
          [Buffer.from(id), crc, offset],
        );
        assert.equal(idx.indexOf(id), i);
      }
      const plain = all.map((entry) => ({ ...entry, id: Uint8Array.from(entry.id) }));
      assert.deepEqual([...idx.entries()], plain);
    });
    t.notThrows(() => fc.assert(property, { numRuns: 120, includeErrorInReport: true }));
  });

  test(`${format.name}: the id that is not in the IDX is not found`, (t) => {
    const empty = openIdx(encodeIdx([], trailer, format), format);
    t.is(empty.find(raw("00".repeat(format.idLength))), undefined);
    t.is(empty.find(raw("ff".repeat(format.idLength))), undefined);
  });

  test(`${format.name}: the entries are those that git shows, whatever the cache holds`, (t) => {
    using repository = new Repository(format);
    const blobs = Array.from({ length: 3000 }, (_, i) => repository.write("blob", `blob ${i}\n`));
    const names = blobs.map((id, i) => ({ mode: "100644", name: `f${10_000 + i}`, id }));
    const commit = repository.writeCommit(repository.writeTree(names));
    const { pack, idxPath } = repository.pack(commit);
    const large = idxPath.replace(/idx$/, "large.idx");
    const packPath = idxPath.replace(/idx$/, "pack");
    repository.git(["index-pack", "--index-version=2,0x100", "-o", large, packPath]);
    for (const path of [idxPath, large]) {
      const bytes = readFileSync(path);
      const shown = repository.git(["show-index"], bytes).toString().trim().split("\n");
      for (const capacity of [1, 1024 * 1024]) {
        const cache = new SectorCache(memoryDevice(bytes), { blockSize: 512, capacity });
        const idx = new Idx(cache, 0, pack.length, format);
        const line = (offset: number, id: Uint8Array, crc: number) =>
          `${offset} ${hex(id)} (${crc.toString(16).padStart(8, "0")})`;
        const all = Array.from({ length: idx.count }, (_, i) =>
          line(idx.offsetAt(i), idx.idAt(i), idx.crcAt(i)),
        );
        t.deepEqual(all, shown);
        t.deepEqual(
          Array.from(idx.entries(), ({ offset, id, crc }) => line(offset, id, crc)),
          shown,
        );
      }
    }
  });

  test(`${format.name}: an IDX with 64-bit offsets forced by git is read`, (t) => {
    using repository = new Repository(format);
    const blobs = Array.from({ length: 40 }, (_, i) => repository.write("blob", `blob ${i}\n`.repeat(i)));
    const names = blobs.map((id, i) => ({ mode: "100644", name: `f${10 + i}`, id }));
    const commit = repository.writeCommit(repository.writeTree(names));
    const { pack, idxPath } = repository.pack(commit);
    const packPath = idxPath.replace(/idx$/, "pack");
    const large = idxPath.replace(/idx$/, "large.idx");
    repository.git(["index-pack", "--index-version=2,0x100", "-o", large, packPath]);
    const idx = readFileSync(large);
    t.true(idx.length > readFileSync(idxPath).length, "git wrote 64-bit offsets");
    const store = open(assembleImage({ commit, pack, idx }));
    const contents = repository.contents(blobs);
    for (const { name, id } of names) t.deepEqual(Buffer.from(store.get(name)), contents.get(id));
  });
}

const IMAGE = makeImage({
  a: whole("blob", "one\n"),
  b: whole("blob", "two\n"),
  c: whole("blob", "three\n"),
});

/** The image with its IDX changed. The table of ids begins at 1032. */
function withIdx(change: (idx: Buffer, count: number) => void): Buffer {
  const image = Buffer.from(IMAGE);
  const { index } = splitImage(image);
  change(Buffer.from(index.buffer, index.byteOffset, index.length), 5);
  return image;
}

const BAD_HEADERS: Record<string, (idx: Buffer, count: number) => void> = {
  "another signature": (idx) => idx.fill(0, 0, 1),
  "version 1": (idx) => idx.writeUInt32BE(1, 4),
  "version 3": (idx) => idx.writeUInt32BE(3, 4),
  "a fan-out that decreases": (idx) => idx.writeUInt32BE(9, 8),
  "a fan-out that decreases at the end": (idx) => idx.writeUInt32BE(0, 8 + 255 * 4),
  "a huge fan-out": (idx) => idx.writeUInt32BE(0xffffffff, 8 + 255 * 4),
  "more objects than fit": (idx) => idx.writeUInt32BE(400, 8 + 255 * 4),
};
for (const [name, change] of Object.entries(BAD_HEADERS)) {
  test(`an IDX with ${name} is refused, and not looked at by analysis`, (t) => {
    const image = withIdx(change);
    refused(t, "idx-header", () => open(image));
    t.is(Buffer.from(open(image, { analyze: true }).get("a")).toString(), "one\n");
  });
}

const offsetAt = (i: number, count: number) => 1032 + count * 24 + i * 4;

test("an offset outside the PACK is refused", (t) => {
  for (const offset of [0, 11, 4000, 0x7fffffff]) {
    const image = withIdx((idx, count) => {
      for (let i = 0; i < count; i++) idx.writeUInt32BE(offset, offsetAt(i, count));
    });
    refused(t, "idx-entry", () => open(image));
  }
});

test("an index outside the table of 64-bit offsets is refused", (t) => {
  for (const index of [0, 1, 0x7fffffff]) {
    const image = withIdx((idx, count) => {
      for (let i = 0; i < count; i++) idx.writeUInt32BE(0x80000000 + index, offsetAt(i, count));
    });
    t.throws(() => open(image), { code: "INVALID_IMAGE" });
  }
});

test("an IDX that points at the wrong object, or into one, gives nothing away", (t) => {
  for (const shift of [1, 2, 7]) {
    const image = withIdx((idx, count) => {
      const offsets = Array.from({ length: count }, (_, i) => idx.readUInt32BE(offsetAt(i, count)));
      offsets.forEach((offset, i) => {
        idx.writeUInt32BE(
          shift === 1 ? (offsets[(i + 1) % count] as number) : offset + shift,
          offsetAt(i, count),
        );
      });
    });
    t.throws(() => open(image), { code: "INVALID_IMAGE" });
    t.notThrows(() => open(image, { analyze: true }));
  }
});

test("ids out of order are at worst not found", (t) => {
  const image = withIdx((idx, count) => {
    const ids = Buffer.from(idx.subarray(1032, 1032 + count * 20));
    for (let i = 0; i < count; i++) ids.copy(idx, 1032 + (count - 1 - i) * 20, i * 20, i * 20 + 20);
  });
  t.throws(() => open(image), { code: "INVALID_IMAGE" });
});

test("an image that ends within its IDX is refused", (t) => {
  const { indexOffset } = splitImage(IMAGE);
  for (const length of [0, 1, 7, 8, 1031, 1032, 1100]) {
    const cut = IMAGE.subarray(0, indexOffset + length);
    refused(t, length === 0 ? "header" : "idx-header", () => connect(memoryDevice(cut)));
  }
});

import { createHash, randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { DocteurError } from "../../../reader/errors.ts";
import { MAX_STREAMED_CHAIN } from "../../../reader/pack/chain-streams.ts";
import type { Store } from "../../../reader/store/store.ts";
import { refused } from "../fault.ts";
import { FORMATS } from "../formats.ts";
import { writeGenerated } from "../generated-tree.ts";
import { assembleImage } from "../image-fixture.ts";
import {
  copy,
  delta,
  deltaTarget,
  insert,
  type MadeEntry,
  makeImage,
  ofsDelta,
  open,
  refDelta,
  whole,
} from "../pack-fixture.ts";
import { Repository } from "../repository.ts";

const MIB = 2 ** 20;
const PIECE = 64 * 1024;

/** Too little for any of the contents here, so that they are read in pieces. */
const SMALL = { maxObjectSize: 1000 };

/** Bytes of which no two places look alike, the same each time. */
function noise(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0, state = seed; i < size; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** Instructions as fractions of the source, which are turned into a delta for a source of any size. */
const INSTRUCTIONS = fc.array(
  fc.oneof(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.integer({ min: 1, max: 150_000 }),
    }),
    fc.uint8Array({ minLength: 1, maxLength: 127 }),
  ),
  { minLength: 1, maxLength: 12 },
);

/** A chain of deltas, each made of a list of instructions; the last makes more than 1,000 bytes. */
function chainOf(base: Buffer, deltas: readonly (readonly unknown[])[], link: typeof ofsDelta): MadeEntry[] {
  const entries = [whole("blob", base)];
  let source = base;
  for (const list of [...deltas, [{ at: 0, length: 150_000 }, Buffer.alloc(127)]]) {
    const parts = list.map((each) => {
      if (each instanceof Uint8Array) return { bytes: insert(each), size: each.length };
      const { at, length } = each as { at: number; length: number };
      const offset = Math.floor(at * (source.length - 1));
      const size = Math.min(length, source.length - offset);
      return { bytes: copy(offset, size), size };
    });
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const made = delta(source.length, size, ...parts.map(({ bytes }) => bytes));
    source = deltaTarget(source, made);
    entries.push(link(entries.at(-1)!.id, made, source));
  }
  return entries;
}

function readAll(store: Store, length = 100_000): Buffer {
  const blob = store.open("f");
  const pieces: Buffer[] = [];
  for (let at = 0; at < blob.size; at += length) {
    const piece = Buffer.alloc(Math.min(length, blob.size - at));
    if (blob.read(at, piece) !== piece.length) throw new Error("a short read");
    pieces.push(piece);
  }
  blob.close();
  return Buffer.concat(pieces);
}

test("what a chain makes in pieces is what it makes in memory", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1001, max: 200_000 }),
      fc.array(INSTRUCTIONS, { maxLength: 3 }),
      fc.constantFrom(ofsDelta, refDelta),
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 100_000 })), {
        maxLength: 5,
      }),
      async (size, deltas, link, reads) => {
        const entries = chainOf(noise(size), deltas, link);
        const last = entries.at(-1)!;
        // No object is the base of itself.
        fc.pre(new Set(entries.map(({ id }) => id)).size === entries.length);
        const image = makeImage({ f: last }, entries.slice(0, -1));
        const content = Buffer.from(open(image).get("f"));
        const store = open(image, SMALL);
        const blob = store.open("f");
        t.true(blob.streams);
        t.is(blob.size, content.length);
        for (const [at, length] of reads) {
          const position = Math.floor(at * content.length);
          const into = Buffer.alloc(length);
          const read = blob.read(position, into);
          t.true(into.subarray(0, read).equals(content.subarray(position, position + length)));
        }
        while (!blob.verify(1)) t.is(blob.verified, false);
        blob.close();
        t.true(readAll(store).equals(content));
        const pieces: Buffer[] = [];
        for await (const piece of store.stream("f")) pieces.push(Buffer.from(piece));
        t.true(Buffer.concat(pieces).equals(content));
      },
    ),
    { numRuns: 40 },
  );
});

for (const format of FORMATS) {
  test(`${format.name}: deltas that git makes are read in pieces`, async (t) => {
    using repository = new Repository(format);
    const lines = Array.from({ length: 12_000 }, (_, i) => `${i}: ${(i * 7919) % 104_729} and a word\n`);
    const versions = Array.from({ length: 6 }, (_, i) => {
      // Lines go, come, change, and move.
      lines.splice(1000 * i, 300);
      lines.splice(500 * i + 200, 0, ...lines.splice(7000, 400), `new ${i}\n`);
      return Buffer.from(lines.join(""));
    });
    const commit = writeGenerated(
      repository,
      versions.map((content, i) => ({ path: `${i}`, mode: "100644" as const, content })),
    );
    const packed = repository.pack(commit);
    const image = assembleImage({ commit, ...packed });
    const depths = repository.git(["verify-pack", "-v", packed.idxPath]).toString();
    t.regex(depths, / blob +\d+ \d+ \d+ [2-9] \w{40,64}$/m, "git made a chain");
    const store = open(image, { maxObjectSize: 100_000 });
    let streams = 0;
    for (const [i, content] of versions.entries()) {
      if (store.openCompressed(`${i}`) !== undefined) continue;
      const blob = store.open(`${i}`);
      const at = content.length - 100_000;
      const end = Buffer.alloc(100_000);
      blob.read(at, end);
      t.true(end.equals(content.subarray(at)));
      const start = Buffer.alloc(100_000);
      blob.read(0, start);
      t.true(start.equals(content.subarray(0, 100_000)));
      if (blob.streams) streams++;
      blob.close();
      const pieces: Buffer[] = [];
      for await (const piece of store.stream(`${i}`)) pieces.push(Buffer.from(piece));
      t.true(Buffer.concat(pieces).equals(content));
    }
    t.is(streams, 5);
  });
}

/** A file of one delta over a base, written as given. */
function oneDelta(base: Uint8Array, made: Uint8Array, target = deltaTarget(base, made)): Buffer {
  const root = whole("blob", base);
  return makeImage({ f: ofsDelta(root.id, made, target) }, [root]);
}

test("an object is read in pieces if it, its delta or one of its bases is too large for memory", (t) => {
  const [small, large] = [noise(900), noise(2000)];
  const grown = [copy(0, 900), copy(0, 900)];
  for (const [image, streams] of [
    [oneDelta(small, delta(900, 900, copy(0, 900))), false],
    [oneDelta(small, delta(900, 1800, ...grown)), true],
    [oneDelta(large, delta(2000, 900, copy(0, 900))), true],
    // Each instruction has 8 bytes.
    [oneDelta(small, delta(900, 124, ...Array.from({ length: 124 }, () => copy(0, 1)))), false],
    [oneDelta(small, delta(900, 125, ...Array.from({ length: 125 }, () => copy(0, 1)))), true],
  ] as const) {
    t.is(open(image, { maxObjectSize: 1000 }).open("f").streams, streams);
    t.false(open(image).open("f").streams);
  }
});

test("a base in the middle of a chain that is too large for memory is read in pieces", (t) => {
  const base = noise(900);
  const middle = delta(900, 1800, copy(0, 900), copy(0, 900));
  const grown = deltaTarget(base, middle);
  const after = delta(1800, 900, copy(450, 900));
  const cut = deltaTarget(grown, after);
  const last = delta(900, 800, copy(100, 800));
  const entries = [whole("blob", base)];
  entries.push(ofsDelta(entries[0]!.id, middle, grown));
  entries.push(ofsDelta(entries[1]!.id, after, cut));
  const f = ofsDelta(entries[2]!.id, last, deltaTarget(cut, last));
  const image = makeImage({ f }, entries);
  t.true(open(image, SMALL).open("f").streams);
  t.deepEqual(readAll(open(image, SMALL)), deltaTarget(cut, last));
  refused(t, "OBJECT_TOO_LARGE", () => open(image, SMALL).get("f"));
});

test("a step back beyond what is kept inflates the base again", (t) => {
  const base = noise(40 * MIB);
  const from = [39, 0, 20, 1, 39, 0].map((mib) => mib * MIB);
  const length = 3 * PIECE + 17;
  const made = delta(base.length, from.length * length, ...from.map((offset) => copy(offset, length)));
  const root = whole("blob", base);
  const stream = deflateSync(base, { level: 1 });
  const target = deltaTarget(base, made);
  const image = makeImage({ f: ofsDelta(root.id, made, target) }, [{ ...root, stream }]);
  const store = open(image, { maxObjectSize: MIB });
  const blob = store.open("f");
  t.true(blob.verify());
  t.true(readAll(store).equals(target));
});

test("a large base and its deltas are read in bounded memory, in steps", (t) => {
  const size = 96 * MIB;
  const base = { ...whole("blob", Buffer.alloc(size, "a line of the base\n")) };
  const ends = ["1", "2", "3"].map((end) => Buffer.from(end));
  const entries = [base];
  for (const end of ends) {
    const made = delta(size, size, ...copies(0, size - 1), insert(end));
    const content = Buffer.concat([base.data.subarray(0, size - 1), end]);
    entries.push(ofsDelta(entries.at(-1)!.id, made, content));
  }
  const f = entries.at(-1)!;
  const image = makeImage({ f }, entries.slice(0, -1));
  entries.length = 0;
  const before = process.memoryUsage().arrayBuffers;
  const blob = open(image, { maxObjectSize: 64 * MIB }).open("f");
  let steps = 0;
  let most = 0;
  for (; !blob.verify(256 * 1024); steps++)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  t.true(steps > 384, "a step goes through no more than 256 KiB");
  t.true(most < 30 * MIB, `${most}`);
  const hash = createHash("sha1").update(`blob ${size}\0`);
  const piece = Buffer.alloc(MIB);
  for (let at = 0; at < size; at += MIB) {
    blob.read(at, piece);
    hash.update(piece);
  }
  t.is(hash.digest("hex"), f.id);
  blob.close();
});

/** Instructions that copy a part of a source. */
function copies(start: number, length: number): Buffer[] {
  const made: Buffer[] = [];
  for (let at = 0; at < length; at += 0xffffff) made.push(copy(start + at, Math.min(0xffffff, length - at)));
  return made;
}

test("what a delta does wrong is refused in pieces as in memory", (t) => {
  const base = noise(3000);
  const content = deltaTarget(base, delta(3000, 2000, copy(0, 2000)));
  for (const made of Object.values({
    "opcode 0": delta(3000, 2000, copy(0, 2000), Buffer.of(0)),
    "a copy from outside the source": delta(3000, 2000, copy(1001, 2000)),
    "a source of another size": delta(3001, 2000, copy(0, 2000)),
    "less than it claims": delta(3000, 2001, copy(0, 2000)),
    "more than it claims": delta(3000, 1999, copy(0, 2000)),
    "more than it claims, by an instruction": delta(3000, 2000, copy(0, 2000), insert("x")),
    "an insertion that is cut short": delta(3000, 2000, copy(0, 1990), Buffer.of(10, 1, 2)),
    "a copy that is cut short": delta(3000, 2000, Buffer.of(0xff, 1, 2)),
    "a header that is cut short": Buffer.of(0x80 | 5),
    "no header": Buffer.of(),
  })) {
    const image = oneDelta(base, made, content);
    refused(t, "pack-delta", () => open(image).get("f"));
    for (const read of [
      (store: Store) => store.open("f").verify(),
      (store: Store) => readAll(store),
      (store: Store) => store.open("f").read(1990, Buffer.alloc(10)),
    ]) {
      refused(t, "pack-delta", () => read(open(image, SMALL)));
    }
  }
});

test("what is damaged anywhere in a chain is refused, and no wrong byte of the end is returned", async (t) => {
  const entries = chainOf(
    noise(150_000),
    [[{ at: 0.1, length: 100_000 }], [{ at: 0.2, length: 90_000 }]],
    refDelta,
  );
  const f = entries.at(-1)!;
  const source = Buffer.from(open(makeImage({ f: entries.at(-2)! }, entries.slice(0, -2))).get("f"));
  const lie = { ...f, id: "ab".repeat(20) };
  refused(t, "object-id", () =>
    open(makeImage({ f: lie }, entries.slice(0, -1)), SMALL)
      .open("f")
      .verify(),
  );
  for (const [index] of entries.entries()) {
    const damaged = entries.map((entry, i) => {
      if (i !== index) return entry;
      const stream = deflateSync(entry.data);
      stream[stream.length - 2]! ^= 1;
      return { ...entry, stream };
    });
    const image = makeImage({ f: damaged.at(-1)! }, damaged.slice(0, -1));
    const read = async () => {
      const pieces: Buffer[] = [];
      for await (const piece of open(image, SMALL).stream("f")) pieces.push(Buffer.from(piece));
      return Buffer.concat(pieces);
    };
    if (index === entries.length - 1) await t.throwsAsync(read, { code: "INVALID_IMAGE" });
    else {
      // A base is not read to its end, where its checksum is. What was copied has the right id.
      const outcome = await read().catch((error) => error.fault);
      t.true(outcome === "pack-inflate" || deltaTarget(source, f.data).equals(outcome));
    }
  }
  const missing = open(makeImage({ f }, entries.slice(1, -1)), SMALL);
  refused(t, "pack-base", () => missing.open("f"));
});

test("a chain is read in pieces up to a depth, and beyond it as before", (t) => {
  const base = noise(2000);
  const entries = [whole("blob", base)];
  for (let i = 0; i <= MAX_STREAMED_CHAIN; i++) {
    const made = delta(2000, 2000, copy(0, 1999), insert(Buffer.of(i)));
    entries.push(ofsDelta(entries.at(-1)!.id, made, Buffer.concat([base.subarray(0, 1999), Buffer.of(i)])));
  }
  const [deepest, beyond] = entries.slice(-2) as [MadeEntry, MadeEntry];
  const image = makeImage({ deepest, beyond }, entries.slice(0, -2));
  const store = open(image, SMALL);
  const blob = store.open("deepest");
  t.true(blob.streams);
  t.true(blob.verify());
  refused(t, "OBJECT_TOO_LARGE", () => store.open("beyond").verify());
});

test("a chain that leads back to itself is refused", (t) => {
  const [a, b] = ["ab".repeat(20), "cd".repeat(20)];
  const made = delta(2000, 2000, copy(0, 2000));
  const entries = [
    { id: a, type: 7, data: made, base: b },
    { id: b, type: 7, data: made, base: a },
  ];
  refused(t, "pack-base", () => open(makeImage({ f: entries[0]! }, [entries[1]!]), SMALL).open("f"));
});

test("a pass takes no more work than an object may", (t) => {
  // The copies are in no order, so a part of the base is inflated again for most of them.
  const size = 64 * MIB;
  const base = whole("blob", Buffer.alloc(size, "x"));
  const order = noise(800);
  const ends = Array.from({ length: 400 }, (_, i) => copy(order.readUInt16LE(2 * i) * 1000, 10));
  const made = delta(size, 4000, ...ends);
  const image = makeImage({ f: ofsDelta(base.id, made, Buffer.alloc(4000, "x")) }, [base]);
  const small = { maxObjectSize: MIB };
  const blob = open(image, small).open("f");
  let steps = 0;
  const error = t.throws(() => {
    for (; !blob.verify(PIECE); steps++);
  });
  t.true(error instanceof DocteurError && error.code === "TOO_MUCH_WORK");
  t.regex(error!.message, /^the deltas of the object at byte \d+ make too much work$/);
  // 16 GiB of work, 8 a byte: 2 GiB are inflated, in steps of a piece.
  t.true(steps > 30_000 && steps < 40_000, `${steps}`);
  t.throws(() => blob.verify(1), { message: error!.message }, "what is damaged stays damaged");

  // Each copy is of 16 MiB, in a byte or two: what such a delta claims to make is refused at once.
  const claims = delta(size, 2000 * 0xff0000, Buffer.alloc(2000 * 2, Buffer.of(0xc0, 0xff)));
  const bomb = makeImage({ f: ofsDelta(base.id, claims, Buffer.of()) }, [base]);
  refused(t, "TOO_MUCH_WORK", () => open(bomb, small).open("f"));
});

test("random bytes in place of a delta are refused", (t) => {
  const base = noise(5000);
  for (let i = 0; i < 100; i++) {
    const made = Buffer.concat([delta(5000, 2000), randomBytes(1500)]);
    const image = oneDelta(base, made, Buffer.alloc(2000));
    const store = open(image, SMALL);
    const error = t.throws(() => readAll(store));
    t.true(error instanceof DocteurError, String(error));
  }
});

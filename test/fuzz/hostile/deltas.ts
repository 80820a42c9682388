import { deflateSync } from "node:zlib";
import { copy, delta, insert, type MadeEntry } from "../../reader/pack-fixture.ts";
import type { Random } from "../random.ts";
import { copying, MIB, type Named, OFS_DELTA, type Parts, REF_DELTA, type UpTo } from "./parts.ts";

/** Deltas one upon the other, each of which copies all; only the last has its true id. */
export function deepChain(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const size = upTo(4 * MIB);
  const depth = upTo(random.once(4) ? 6000 : 4000);
  const { id, ...base } = parts.zeroBlob(size);
  const made = copying(size);
  const entries: MadeEntry[] = [{ ...base, id: parts.fakeId(-1) }];
  const byId = random.once(4);
  for (let i = 0; i < depth; i++) {
    const last = i === depth - 1;
    const below = entries.at(-1)!.id;
    entries.push({
      ...made,
      id: last ? id : parts.fakeId(i),
      type: byId ? REF_DELTA : OFS_DELTA,
      base: below,
    });
  }
  const others = entries.slice(-5).map((entry, i) => ({ name: `b${i}`, id: entry.id }));
  return parts.imageOf([{ name: "a", id }, ...others], entries);
}

/** Many deltas over one base, each of which makes something large of its own. */
export function manyDeltasOnOneBase(parts: Parts, upTo: UpTo): Buffer {
  const size = 4 + upTo(2 * MIB);
  const base = parts.zeroBlob(size);
  const entries: MadeEntry[] = [base];
  const root: Named[] = [];
  for (let i = upTo(1000); i > 0; i--) {
    const own = Buffer.alloc(4);
    own.writeUInt32BE(i);
    const data = delta(size, size, copy(0, size - 4), insert(own));
    // Few of them are looked at, and hashing all takes long.
    const target = i < 4 ? Buffer.concat([Buffer.alloc(size - 4), own]) : undefined;
    const id = target === undefined ? parts.fakeId(i) : parts.id("blob", target);
    entries.push({ id, type: OFS_DELTA, data, base: base.id });
    root.push({ name: `f${String(i).padStart(5, "0")}`, id });
  }
  return parts.imageOf(root.reverse(), entries);
}

/** Each object twice to nine times as large as the one before. */
export function growingChain(parts: Parts, upTo: UpTo, random: Random): Buffer {
  let size = upTo(70_000);
  const entries: MadeEntry[] = [parts.zeroBlob(size)];
  for (let i = 0; size < 2 ** 31 && i < 40; i++) {
    const times = 2 + random.below(8);
    entries.push({ ...copying(size, times), id: parts.fakeId(i), type: OFS_DELTA, base: entries.at(-1)!.id });
    size *= times;
  }
  return parts.imageOf(
    entries.map(({ id }, i) => ({ name: `f${String(i).padStart(3, "0")}`, id })),
    entries,
  );
}

/** A few bytes at the end of chains of large objects, of which more are needed than are kept. */
export function smallOfBig(parts: Parts, upTo: UpTo): Buffer {
  const size = upTo(4 * MIB);
  const depth = upTo(60);
  const made = copying(size);
  const small = parts.whole("blob", "\0\0\0");
  const entries: MadeEntry[] = [];
  const root: Named[] = [];
  for (let chain = 0; chain < 4; chain++) {
    entries.push({ ...parts.zeroBlob(size), id: parts.fakeId(chain) });
    for (let i = 0; i < depth; i++) {
      entries.push({
        ...made,
        id: parts.fakeId(100 + chain * depth + i),
        type: OFS_DELTA,
        base: entries.at(-1)!.id,
      });
    }
    const data = delta(size, Math.min(3, size), copy(0, Math.min(3, size)));
    const id = chain === 0 ? small.id : parts.fakeId(10_000 + chain);
    entries.push({ id, type: OFS_DELTA, data, base: entries.at(-1)!.id });
    root.push({ name: `f${chain}`, id });
  }
  return parts.imageOf(root, entries);
}

/** Deltas of instructions that do next to nothing. */
export function manyInstructions(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const count = upTo(2_000_000);
  const entries: MadeEntry[] = [parts.whole("blob", "x")];
  let size = 1;
  for (let i = 1 + random.below(4); i > 0; i--) {
    const one = random.pick([Buffer.of(0x90, 1), Buffer.of(1, 0x78)]);
    const many = Buffer.alloc(count * one.length, one);
    entries.push({
      id: parts.fakeId(i),
      type: OFS_DELTA,
      data: delta(size, count, many),
      base: entries.at(-1)!.id,
    });
    size = count;
  }
  const id = size < 300_000 ? parts.whole("blob", "x".repeat(size)).id : parts.fakeId(0);
  const last = { ...entries.pop()!, id };
  return parts.imageOf([{ name: "a", id }], [...entries, last]);
}

/** Deltas that name their base by its id: there or not, before or after, in circles. */
export function references(parts: Parts, upTo: UpTo, random: Random): Buffer {
  const base = parts.whole("blob", "base");
  const count = upTo(8000);
  const data = delta(4, 4, insert("base"));
  const stream = deflateSync(data);
  const way = random.below(4);
  const entries: MadeEntry[] = Array.from({ length: count }, (_, i) => {
    const other =
      way === 0
        ? base.id
        : way === 1
          ? parts.fakeId(i + 1)
          : way === 2
            ? parts.fakeId((i + 1) % count)
            : parts.fakeId(-i - 1);
    return { id: parts.fakeId(i), type: REF_DELTA, data, stream, base: other };
  });
  const all = random.once(2)
    ? [base, ...entries]
    : [...entries, { ...base, id: way === 1 ? parts.fakeId(count) : base.id }];
  return parts.imageOf(
    [
      { name: "a", id: parts.fakeId(0) },
      { name: "b", id: base.id },
      { name: "c", id: parts.fakeId(count - 1) },
    ],
    all,
  );
}

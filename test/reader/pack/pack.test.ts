import { randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";
import test from "ava";
import { decodeDeltaHeader } from "../../../reader/pack/delta.ts";
import type { ConnectOptions } from "../../../reader/store/connect.ts";
import { faultOf, refused } from "../fault.ts";
import {
  copy,
  delta,
  insert,
  type MadeEntry,
  makeImage,
  ofsDelta,
  open,
  refDelta,
  whole,
} from "../pack-fixture.ts";

const OPTIONS: ConnectOptions[] = [{}, { analyze: true }, { inflate: "pako" }, { baseCacheSize: 0 }];
const BASE = whole("blob", "the base of what follows\n");
const BASE_SIZE = BASE.data.length;

/** A delta that puts something in front of its source. */
function prepending(text: string, source: Uint8Array): { delta: Buffer; content: Buffer } {
  const content = Buffer.concat([Buffer.from(text), source]);
  return { delta: delta(source.length, content.length, insert(text), copy(0, source.length)), content };
}

/** A chain of deltas upon BASE, from the first to the last. */
function chain(depth: number, link: typeof ofsDelta): { entries: MadeEntry[]; content: Buffer } {
  const entries: MadeEntry[] = [];
  let content: Buffer = Buffer.from(BASE.data);
  let base = BASE.id;
  for (let i = 0; i < depth; i++) {
    const made = prepending(String.fromCharCode(97 + (i % 26)), content);
    const entry = link(base, made.delta, made.content);
    entries.push(entry);
    content = made.content;
    base = entry.id;
  }
  return { entries, content };
}

for (const [name, link] of [
  ["OFS_DELTA", ofsDelta],
  ["REF_DELTA", refDelta],
] as const) {
  test(`a chain of 4,000 ${name} is read`, (t) => {
    const { entries, content } = chain(4000, link);
    const image = makeImage({ last: entries.at(-1) as MadeEntry }, [BASE, ...entries.slice(0, -1)]);
    for (const options of OPTIONS) {
      const store = open(image, options);
      t.deepEqual(store.describe("last").size, content.length);
      t.true(Buffer.from(store.get("last")).equals(content));
    }
  });
}

test("a chain of REF_DELTA may lie in the PACK last to first", (t) => {
  const { entries, content } = chain(50, refDelta);
  const [first, ...later] = [...entries].reverse() as [MadeEntry, ...MadeEntry[]];
  const image = makeImage({ last: first }, [...later, BASE]);
  for (const options of OPTIONS) t.deepEqual(Buffer.from(open(image, options).get("last")), content);
});

test("the header of a delta may lie across blocks of the cache", (t) => {
  const { delta: data, content } = prepending("x", BASE.data);
  for (let cut = 0; cut < 64; cut++) {
    const filler = whole("blob", randomBytes(16 * 1024 - 400 + cut));
    const image = makeImage({ a: refDelta(BASE.id, data, content) }, [BASE, filler]);
    t.is(open(image).size("a"), content.length);
    t.deepEqual(Buffer.from(open(image).get("a")), content);
  }
});

test("a circle of REF_DELTA is refused", (t) => {
  const same = delta(BASE_SIZE, BASE_SIZE, copy(0, BASE_SIZE));
  const [a, b] = ["aa".repeat(20), "bb".repeat(20)];
  const image = makeImage({ a: { id: a, type: 7, data: same, base: b } }, [
    { id: b, type: 7, data: same, base: a },
  ]);
  refused(t, "pack-base", () => open(image).get("a"));
  refused(t, "pack-base", () => open(image).size("a"));
  refused(t, "pack-base", () => open(image, { analyze: true }));
  const self = makeImage({ a: { id: a, type: 7, data: same, base: a } });
  refused(t, "pack-base", () => open(self).get("a"));
  refused(t, "pack-base", () => open(self, { analyze: true }));
});

test("a base that is not there is refused", (t) => {
  const same = delta(BASE_SIZE, BASE_SIZE, copy(0, BASE_SIZE));
  const missing = makeImage({ a: refDelta("12".repeat(20), same, BASE.data) });
  refused(t, "pack-base", () => open(missing).get("a"));
  refused(t, "pack-base", () => open(missing).size("a"));
  refused(t, "pack-base", () => open(missing, { analyze: true }));
});

for (const [name, distance, fault] of [
  ["itself", 0, "pack-entry"],
  ["before the PACK", 100_000, "pack-entry"],
  ["before the first entry", 2 ** 52, "pack-entry"],
  ["the middle of an entry", 3, undefined],
] as const) {
  test(`a base at ${name} is refused`, (t) => {
    const same = delta(BASE_SIZE, BASE_SIZE, copy(0, BASE_SIZE));
    const image = makeImage({ a: { id: BASE.id, type: 6, data: same, base: distance } }, []);
    const faults = [{}, { analyze: true }].map((options) => faultOf(() => open(image, options).get("a")));
    for (const found of faults) {
      // What lies there depends on what zlib makes of the entry before.
      if (fault === undefined) t.regex(found, /^pack-(entry|inflate|delta|base)$/);
      else t.is(found, fault);
    }
  });
}

/** By what is wrong with it, a delta on BASE. */
const BAD_DELTAS: Record<string, Buffer> = {
  "opcode 0": delta(BASE_SIZE, 1, Buffer.of(0)),
  "opcode 0 after all": delta(BASE_SIZE, BASE_SIZE, copy(0, BASE_SIZE), Buffer.of(0)),
  "another base's size": delta(BASE_SIZE + 1, BASE_SIZE, copy(0, BASE_SIZE)),
  "a copy from outside": delta(BASE_SIZE, BASE_SIZE, copy(1, BASE_SIZE)),
  "a copy from far outside": delta(BASE_SIZE, BASE_SIZE, copy(0xffffffff, BASE_SIZE)),
  "less than claimed": delta(BASE_SIZE, BASE_SIZE + 1, copy(0, BASE_SIZE)),
  "more than claimed": delta(BASE_SIZE, 1, copy(0, BASE_SIZE)),
  "an insert cut short": delta(BASE_SIZE, 5, Buffer.of(5, 1, 2)),
  "a copy cut short": delta(BASE_SIZE, BASE_SIZE, Buffer.of(0x91, 0)),
};

/** The same, of deltas whose header is wrong. */
const BAD_HEADERS: Record<string, Buffer> = {
  "a claim of 2^60": delta(BASE_SIZE, 2 ** 60, copy(0, BASE_SIZE)),
  "sizes without end": Buffer.alloc(400, 0x80),
  nothing: Buffer.alloc(0),
  "half a header": Buffer.of(BASE_SIZE),
};

function imageOfDelta(data: Buffer): Buffer {
  return makeImage({ a: { id: "ab".repeat(20), type: 7, data, base: BASE.id } }, [BASE]);
}

for (const [name, data] of [...Object.entries(BAD_DELTAS), ...Object.entries(BAD_HEADERS)]) {
  test(`a delta with ${name} is refused`, (t) => {
    const image = imageOfDelta(data);
    for (const options of OPTIONS) refused(t, "pack-delta", () => open(image, options).get("a"));
    refused(t, "pack-delta", () => open(image).open("a").verify());
    // The size is that of the header, whatever follows.
    if (name in BAD_HEADERS) refused(t, "pack-delta", () => open(image).size("a"));
    else t.is(open(image).size("a"), decodeDeltaHeader(data).targetSize);
  });
}

test("a delta with a claim of 4 GiB is refused as too large", (t) => {
  const image = imageOfDelta(delta(BASE_SIZE, 2 ** 32, copy(0, BASE_SIZE)));
  for (const options of OPTIONS) refused(t, "OBJECT_TOO_LARGE", () => open(image, options).get("a"));
  t.is(open(image).size("a"), 2 ** 32);
});

test("an object above the limit is refused, undeltified or as a delta", (t) => {
  const image = makeImage({ whole: whole("blob", Buffer.alloc(70_000)), small: BASE });
  const store = open(image, { maxObjectSize: 69_999 });
  refused(t, "OBJECT_TOO_LARGE", () => store.get("whole"));
  t.is(store.size("whole"), 70_000);
  t.is(store.getPartial("whole", { offset: 69_999, length: 5 }).length, 1);
  t.is(store.get("small").length, BASE_SIZE);

  const target = Buffer.alloc(BASE_SIZE * 3000);
  for (let i = 0; i < 3000; i++) target.set(BASE.data, i * BASE_SIZE);
  const copies = Array.from({ length: 3000 }, () => copy(0, BASE_SIZE));
  const expanding = refDelta(BASE.id, delta(BASE_SIZE, target.length, ...copies), target);
  const bomb = makeImage({ bomb: expanding }, [BASE]);
  t.is(open(bomb).get("bomb").length, target.length);
  refused(t, "OBJECT_TOO_LARGE", () => open(bomb, { maxObjectSize: target.length - 1 }).get("bomb"));
  refused(t, "OBJECT_TOO_LARGE", () => open(bomb, { maxObjectSize: target.length - 1, analyze: true }));
});

const CONTENT = randomBytes(2 * 1024 * 1024 + 77);
const STREAM = deflateSync(CONTENT);
const LENGTH = CONTENT.length;
for (const size of [0, 100, LENGTH - 1, LENGTH + 1, 4 * 2 ** 30, Number.MAX_SAFE_INTEGER]) {
  test(`a blob of ${LENGTH} bytes that claims ${size} is refused`, (t) => {
    const image = makeImage({ a: { ...whole("blob", CONTENT), size, stream: STREAM } });
    const fault = size > LENGTH * 1032 ? "pack-entry" : "pack-inflate";
    for (const options of OPTIONS) {
      refused(t, fault, () => open(image, options).get("a"));
      for (const length of [9, Number.MAX_SAFE_INTEGER]) {
        refused(t, fault, () => open(image, options).getPartial("a", { offset: 0, length }));
      }
    }
    refused(t, fault, () => readThrough(image, LENGTH));
    refused(t, fault, () => open(image).open("a").verify());
  });
}

function readThrough(image: Uint8Array, length: number): void {
  const reader = open(image).open("a");
  try {
    reader.read(0, new Uint8Array(length + 1));
    reader.verify();
  } finally {
    reader.close();
  }
}

const BAD_STREAMS: Record<string, Uint8Array> = {
  nothing: Buffer.alloc(0),
  "no zlib stream": Buffer.alloc(100, 0x41),
  "a cut stream": deflateSync(BASE.data).subarray(0, 12),
  "a wrong checksum": Buffer.concat([deflateSync(BASE.data).subarray(0, -1), Buffer.of(0xee)]),
  "a preset dictionary": deflateSync(BASE.data, { dictionary: Buffer.from("the base") }),
};

for (const [name, stream] of Object.entries(BAD_STREAMS)) {
  test(`${name} instead of an entry's stream is refused`, (t) => {
    const image = makeImage({ a: { ...BASE, stream } });
    for (const options of OPTIONS) refused(t, "pack-inflate", () => open(image, options).get("a"));
    refused(t, "pack-inflate", () => open(image).getPartial("a", { offset: 0, length: 1 }));
  });
}

for (const type of [0, 5]) {
  test(`an entry of type ${type} is refused`, (t) => {
    const image = makeImage({ a: { ...BASE, type } });
    for (const options of OPTIONS) refused(t, "pack-entry", () => open(image, options).get("a"));
    refused(t, "pack-entry", () => open(image).size("a"));
  });
}

import test from "ava";
import fc from "fast-check";
import { inReadingOrder } from "../../../guest/http/multipart.ts";
import { parseRange } from "../../../guest/http/range.ts";

const many = (count: number, spec: (index: number) => string) =>
  `bytes=${Array.from({ length: count }, (_, index) => spec(index)).join()}`;

for (const [range, expected] of [
  ["bytes=0-0", [[0, 1]]],
  ["Bytes=0-0", [[0, 1]]],
  ["bytes= 5-9 ", [[5, 10]]],
  ["bytes=900-", [[900, 1000]]],
  ["bytes=-1", [[999, 1000]]],
  ["bytes=-5000", [[0, 1000]]],
  ["bytes=0-99999999999999999999", [[0, 1000]]],
  ["bytes=1000-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=1000-,-0,99999999999999999999-", "unsatisfiable"],
  [
    "bytes=0-9,500-509",
    [
      [0, 10],
      [500, 510],
    ],
  ],
  [
    "bytes=500-509, 0-9",
    [
      [500, 510],
      [0, 10],
    ],
  ],
  [
    "bytes=-10,0-9,,\t,",
    [
      [990, 1000],
      [0, 10],
    ],
  ],
  ["bytes=5000-,0-9,-0", [[0, 10]]],
  ["bytes=0-9,10-19", [[0, 20]]],
  ["bytes=10-19,0-9", [[0, 20]]],
  ["bytes=0-9,0-9,0-9", [[0, 10]]],
  ["bytes=0-9,89-99", [[0, 100]]],
  [
    "bytes=0-9,90-99",
    [
      [0, 10],
      [90, 100],
    ],
  ],
  [
    "bytes=800-809,0-9,810-819,400-409",
    [
      [800, 820],
      [0, 10],
      [400, 410],
    ],
  ],
  [many(256, () => "0-"), [[0, 1000]]],
  [many(257, () => "0-"), undefined],
  [many(300, () => ""), undefined],
  ["bytes=", undefined],
  ["bytes=,", undefined],
  ["bytes", undefined],
  ["bytes=-", undefined],
  ["bytes=5-4", undefined],
  ["bytes=0-9,5-4", undefined],
  ["bytes=0-9,x", undefined],
  ["bytes=0-9;20-29", undefined],
  ["bytes=0 - 9", undefined],
  ["bytes=-1-2", undefined],
  ["bytes=+1-2", undefined],
  ["bytes=99999999999999999999-99999999999999999998", undefined],
  ["bytes=99999999999999999998-99999999999999999999", "unsatisfiable"],
  ["lines=0-9", undefined],
  ["bytes=0-9, bytes=20-29", undefined],
] as const) {
  test(`${range.slice(0, 60)} (${range.length}) of 1000 bytes`, (t) => {
    const parts = parseRange(range, 1000);
    t.deepEqual(
      Array.isArray(parts) ? parts.map(({ start, end }) => [start, end]) : parts,
      expected as unknown,
    );
  });
}

test("nothing of an empty file satisfies a range", (t) => {
  for (const range of ["bytes=0-", "bytes=-1", "bytes=0-0,-5"]) t.is(parseRange(range, 0), "unsatisfiable");
});

test("at most 16 parts are sent; a request for more gets the file", (t) => {
  const apart = (index: number) => `${index * 100}-${index * 100 + 5}`;
  t.is((parseRange(many(16, apart), 10_000) as unknown[]).length, 16);
  t.is(parseRange(many(17, apart), 10_000), undefined);
  t.is((parseRange(many(17, apart), 1600) as unknown[]).length, 16, "one of them has no byte");
});

/** The parts by marking each byte, and a run of fewer than 80 unmarked ones between two marked. */
function marked(specifiers: readonly (readonly [number | "", number | ""])[], size: number) {
  const first = new Array<number>(size).fill(Number.POSITIVE_INFINITY);
  for (const [index, [start, last]] of specifiers.entries()) {
    for (let at = 0; at < size; at++) {
      const isIn = start === "" ? at >= size - (last as number) : at >= start && (last === "" || at <= last);
      if (isIn) first[at] = Math.min(first[at]!, index);
    }
  }
  const runs: { start: number; end: number; place: number }[] = [];
  for (const [at, place] of first.entries()) {
    if (place === Number.POSITIVE_INFINITY) continue;
    const run = runs.at(-1);
    if (run === undefined || at - run.end >= 80) runs.push({ start: at, end: at + 1, place });
    else Object.assign(run, { end: at + 1, place: Math.min(run.place, place) });
  }
  return runs.sort((a, b) => a.place - b.place).map(({ start, end }) => ({ start, end }));
}

test("parts are those of an oracle that marks bytes", (t) => {
  const position = fc.nat(2200);
  const specifier = fc.oneof(
    fc.tuple(position, fc.nat(300)).map(([start, more]) => [start, start + more] as const),
    position.map((start) => [start, ""] as const),
    fc.nat(300).map((length) => ["", length] as const),
  );
  const space = fc.constantFrom("", "", " ", "\t", " ,", ", ");
  fc.assert(
    fc.property(
      fc.nat(2000),
      fc.array(fc.tuple(specifier, space, space), { minLength: 1, maxLength: 40 }),
      (size, list) => {
        const specifiers = list.map(([each]) => each);
        const text = list.map(([[start, last], before, after]) => `${before}${start}-${last}${after}`).join();
        const expected = marked(specifiers, size);
        const parts = parseRange(`bytes=${text}`, size);
        if (expected.length === 0) t.is(parts, "unsatisfiable");
        else t.deepEqual(parts, expected.length > 16 ? undefined : expected);
      },
    ),
    { numRuns: 300 },
  );
});

test("parts of a stream come in the order of the request, unless that takes more than two passes", (t) => {
  const parts = (...starts: number[]) => starts.map((start) => ({ start, end: start + 10 }));
  for (const starts of [
    [0, 500, 900],
    [900, 0],
    [900, 0, 500],
  ]) {
    t.deepEqual(inReadingOrder(parts(...starts)), parts(...starts));
  }
  const descending = [900, 800, 700, 600, 500, 400, 300, 200, 100, 0];
  t.deepEqual(inReadingOrder(parts(...descending)), parts(...descending.toReversed()));
});

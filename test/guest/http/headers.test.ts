import test from "ava";
import { prefersDeflate } from "../../../guest/http/coding.ts";
import { contentType } from "../../../guest/http/content-type.ts";
import { MemoryBudget } from "../../../guest/http/memory-budget.ts";
import { parseRange } from "../../../guest/http/range.ts";

for (const [range, part] of [
  ["bytes=0-0", { start: 0, end: 1 }],
  ["bytes=0-", { start: 0, end: 100 }],
  ["bytes=10-19", { start: 10, end: 20 }],
  ["bytes=90-1000", { start: 90, end: 100 }],
  ["bytes=-10", { start: 90, end: 100 }],
  ["bytes=-1000", { start: 0, end: 100 }],
  ["Bytes=99-", { start: 99, end: 100 }],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=99999999999999999999-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=20-10", undefined],
  ["bytes=-", undefined],
  ["bytes=a-b", undefined],
  ["bytes=0-1,3-4", { start: 0, end: 5 }],
  ["pages=1-2", undefined],
  ["bytes 0-1", undefined],
  ["", undefined],
] as const) {
  test(`Range: ${range}`, (t) =>
    t.deepEqual(parseRange(range, 100), typeof part === "object" ? [part] : part));
}

test("an empty file has no satisfiable range", (t) => {
  t.is(parseRange("bytes=0-", 0), "unsatisfiable");
  t.is(parseRange("bytes=-5", 0), "unsatisfiable");
  t.is(parseRange(undefined, 0), undefined);
});

for (const [accepted, deflate] of [
  [undefined, false],
  ["", false],
  ["gzip, deflate, br, zstd", true],
  ["gzip", false],
  ["DEFLATE", true],
  ["deflate;q=0", false],
  ["deflate; q=0.5", true],
  ["deflate;q=0.5, identity", false],
  ["deflate;q=0.5, identity;q=0.5", true],
  ["*", true],
  ["*;q=0", false],
  ["identity;q=1, *;q=0", false],
  ["deflate, *;q=0", true],
  ["gzip;q=1, *;q=0.1", true],
  ["deflate;q=2", false],
  ["deflate;q=nonsense", false],
] as const) {
  test(`Accept-Encoding: ${accepted}`, (t) => t.is(prefersDeflate(accepted), deflate));
}

for (const [name, type] of [
  ["index.html", "text/html; charset=utf-8"],
  ["A.HTML", "text/html; charset=utf-8"],
  ["main.js", "text/javascript; charset=utf-8"],
  ["main.rs", "text/plain; charset=utf-8"],
  ["README", "text/plain; charset=utf-8"],
  [".gitignore", "text/plain; charset=utf-8"],
  ["image.svg", "image/svg+xml; charset=utf-8"],
  ["photo.JPEG", "image/jpeg"],
  ["font.woff2", "font/woff2"],
  ["a.wasm", "application/wasm"],
  ["program", "application/octet-stream"],
  ["a.unknown", "application/octet-stream"],
  ["a.constructor", "application/octet-stream"],
  ["html", "application/octet-stream"],
] as const) {
  test(`the type of ${name}`, (t) => t.is(contentType(name), type));
}

test("a memory budget counts an object once, until its last user releases it", (t) => {
  const budget = new MemoryBudget(100);
  t.true(budget.fits(1000), "an empty budget takes anything");
  const piece = {};
  const first = budget.take(piece, 60);
  const second = budget.take(piece, 60);
  t.true(budget.fits(40));
  t.false(budget.fits(41));
  first();
  t.false(budget.fits(41));
  second();
  t.true(budget.fits(41));
  const third = budget.take(piece, 60);
  t.false(budget.fits(41));
  third();
});

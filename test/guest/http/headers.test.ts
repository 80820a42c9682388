import test from "ava";
import { preferredCoding } from "../../../guest/http/coding.ts";
import { codingsOf } from "../../../guest/http/codings-of.ts";
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

const CODINGS = ["gzip", "deflate"] as const;

/** The coding preferred of all, of gzip alone, and of deflate alone. */
for (const [accepted, ofBoth, ofGzip, ofDeflate] of [
  [undefined, "identity", "identity", "identity"],
  ["", "identity", "identity", "identity"],
  ["gzip, deflate, br, zstd", "gzip", "gzip", "deflate"],
  ["deflate, gzip", "gzip", "gzip", "deflate"],
  ["gzip", "gzip", "gzip", "identity"],
  ["br, gzip", "gzip", "gzip", "identity"],
  ["x-gzip", "gzip", "gzip", "identity"],
  ["X-Gzip;Q=0.5, identity;q=0.4", "gzip", "gzip", "identity"],
  ["br", "identity", "identity", "identity"],
  ["DEFLATE", "deflate", "identity", "deflate"],
  ["gzip;q=0", "identity", "identity", "identity"],
  ["gzip;q=0, deflate", "deflate", "identity", "deflate"],
  ["gzip;q=0, *", "deflate", "identity", "deflate"],
  ["gzip;q=0.5, deflate;q=0.6", "deflate", "gzip", "deflate"],
  ["gzip;q=0.5, deflate;q=0.5", "gzip", "gzip", "deflate"],
  ["gzip;q=0.001", "gzip", "gzip", "identity"],
  ["gzip ; q=1.000,deflate ;q=0.999", "gzip", "gzip", "deflate"],
  ["deflate;q=0", "identity", "identity", "identity"],
  ["deflate; q=0.5", "deflate", "identity", "deflate"],
  ["deflate;q=0.5, identity", "identity", "identity", "identity"],
  ["deflate;q=0.5, identity;q=0.5", "deflate", "identity", "deflate"],
  ["gzip;q=0.4, deflate;q=0.6, identity;q=0.5", "deflate", "identity", "deflate"],
  ["*", "gzip", "gzip", "deflate"],
  ["*;q=0", "identity", "identity", "identity"],
  ["identity;q=1, *;q=0", "identity", "identity", "identity"],
  ["identity;q=0", "identity", "identity", "identity"],
  ["identity;q=0, gzip;q=0.1", "gzip", "gzip", "identity"],
  ["deflate, *;q=0", "deflate", "identity", "deflate"],
  ["gzip;q=1, *;q=0.1", "gzip", "gzip", "deflate"],
  ["gzip;q=0.2, *;q=0.5", "deflate", "identity", "deflate"],
  ["gzip;q=2, deflate;q=2", "identity", "identity", "identity"],
  ["gzip;q=nonsense", "identity", "identity", "identity"],
  ["gzipped, deflated", "identity", "identity", "identity"],
] as const) {
  test(`Accept-Encoding: ${accepted}`, (t) => {
    for (const time of [1, 2]) {
      t.is(preferredCoding(accepted, CODINGS), ofBoth, `time ${time}`);
      t.is(preferredCoding(accepted, ["gzip"]), ofGzip);
      t.is(preferredCoding(accepted, ["deflate"]), ofDeflate);
      t.is(preferredCoding(accepted, []), "identity");
    }
  });
}

test("any number of different fields is understood", (t) => {
  for (let i = 0; i < 1000; i++) t.is(preferredCoding(`x${i}, gzip`, CODINGS), "gzip");
});

for (const [type, isCompressed] of [
  ["text/html; charset=utf-8", true],
  ["text/plain; charset=utf-8", true],
  ["text/css", true],
  ["application/json; charset=utf-8", true],
  ["application/manifest+json; charset=utf-8", true],
  ["application/javascript", true],
  ["application/xhtml+xml; charset=utf-8", true],
  ["application/atom+xml", true],
  ["image/svg+xml; charset=utf-8", true],
  ["image/png", false],
  ["font/woff2", false],
  ["application/gzip", false],
  ["application/octet-stream", false],
  ["application/jsonfile", false],
] as const) {
  test(`a delta of the type ${type} is ${isCompressed ? "" : "not "}compressed`, (t) => {
    const codings = (size: number) => codingsOf({ isUndeltified: false, type, size });
    const expected = isCompressed ? ["gzip"] : [];
    t.deepEqual(codings(1025), expected);
    t.deepEqual(codings(4 * 1024 * 1024), expected);
    for (const size of [0, 1024, 4 * 1024 * 1024 + 1]) t.deepEqual(codings(size), []);
  });
}

test("an undeltified file can be sent in both codings, but gzip within gzip is kept from browsers", (t) => {
  for (const type of ["text/html", "image/png", "application/octet-stream"]) {
    t.deepEqual(codingsOf({ isUndeltified: true, type, size: 5 }), ["gzip", "deflate"]);
  }
  t.deepEqual(codingsOf({ isUndeltified: true, type: contentType("a.tar.gz"), size: 5 }), ["deflate"]);
});

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

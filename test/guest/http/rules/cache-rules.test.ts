import test from "ava";
import fc from "fast-check";
import { parseCacheRule } from "../../../../guest/http/rules/cache-rules.ts";
import { Glob } from "../../../../guest/http/rules/glob.ts";
import { isHashedName } from "../../../../guest/http/rules/hashed-name.ts";

for (const [rule, path, value] of [
  ["max-age=300", "/a/b", "max-age=300"],
  [" Max-Age=300 ,Public", "/a", "max-age=300, public"],
  ["/assets/**: max-age=31536000, immutable", "/assets/a/b.js", "max-age=31536000, immutable"],
  ["/assets/**:no-store", "/other", undefined],
  ["*.css: max-age=5", "/a/b.css", "max-age=5"],
  ["hashed", "/a/app.3f9a2b1c.js", "public, max-age=31536000, immutable"],
  ["hashed: max-age=60", "/a/app.3f9a2b1c.js", "max-age=60"],
  ["hashed", "/3f9a2b1c.d/app.js", undefined],
  ["no-cache, stale-if-error=60", "/", "no-cache, stale-if-error=60"],
] as const) {
  test(`--cache '${rule}' for ${path}`, (t) => {
    const parsed = parseCacheRule(rule)!;
    t.is(parsed.matches(path) ? parsed.value : undefined, value);
  });
}

for (const rule of [
  ...["", " ", ",", "max-age", "max-age=", "max-age=x", "max-age=-1", "max-age=1=2", "max-age=12345678901"],
  ...["nonsense", "max-ages=3", "immutable=1", "max-age=1,", "max-age=1, max-age=2", "max-age=1\r\nX: y"],
  ...["/a", "/a:", "/a: ", "*", "*.js", "a/**: max-age=1", "/[ab]: max-age=1", "/{a,b}: max-age=1"],
  ...["hashed:", "hashed x", "hash: max-age=1", "max-age 300", `/${"a".repeat(1000)}: no-store`],
]) {
  test(`--cache '${rule.slice(0, 30)}' is malformed`, (t) => t.is(parseCacheRule(rule), undefined));
}

for (const [glob, path, isMatch] of [
  ["/a", "/a", true],
  ["/a", "/a/b", false],
  ["/*", "/a", true],
  ["/*", "/a/b", false],
  ["/**", "/a/b", true],
  ["/a/**", "/a/b/c", true],
  ["/a/**", "/ab/c", false],
  ["/**/b", "/b", true],
  ["/**/b", "/a/c/b", true],
  ["/**/b", "/ab", false],
  ["/a/**/b", "/a/b", true],
  ["/a/**/b", "/ab", false],
  ["**/*.js", "/a.js", true],
  ["**/*.js", "/x/y/a.js", true],
  ["*.js", "/x/y/a.js", true],
  ["*.js", "/x/y.js/a", false],
  ["/?", "/é", true],
  ["/?", "/", false],
  ["/a?c", "/a/c", false],
  ["/a**c", "/a/b/c", true],
  ["/a.c", "/abc", false],
  ["/*a*", "/bab", true],
  ["/**/**/a", "/a", true],
] as const) {
  test(`the glob ${glob} and ${path}`, (t) => t.is(Glob.parse(glob)!.matches(path), isMatch));
}

test("a glob matches as the regular expression does that says the same", (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.log(`SEED=${seed}`);
  const piece = fc.constantFrom("a", "b", "/", "?", "*", "/**", "/**/", ".");
  const glob = fc.array(piece, { maxLength: 7 }).map((pieces) => `/${pieces.join("")}`);
  const path = fc
    .string({ unit: fc.constantFrom("a", "b", "/", "."), maxLength: 8 })
    .map((text) => `/${text}`);
  let matches = 0;
  const property = fc.property(glob, fc.array(path, { minLength: 10, maxLength: 10 }), (text, paths) => {
    const source = text.replace(/(?<=\/)\*\*\/|\*{2,}|[*?.]/g, (found) =>
      found === "**/"
        ? "(?:.*/)?"
        : found === "*"
          ? "[^/]*"
          : found === "?"
            ? "[^/]"
            : found === "."
              ? "\\."
              : ".*",
    );
    const oracle = new RegExp(`^${source}$`, "s");
    for (const each of paths) {
      if (oracle.test(each)) matches++;
      t.is(Glob.parse(text)!.matches(each), oracle.test(each), `${text} ${each}`);
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2000, seed, includeErrorInReport: true }));
  t.true(matches > 100);
});

test("a glob takes time in proportion to path times glob", (t) => {
  const glob = Glob.parse(`/${"*a".repeat(300)}/${"**/".repeat(50)}b`)!;
  t.false(glob.matches(`/${"a".repeat(2000)}/${"a/".repeat(500)}c`));
});

for (const name of [
  ...["app.3f9a2b1c.js", "main.3f9a2b1c.chunk.js", "main.3f9a2b1c.css.map", "vendors~main.3f9a2b1c.js"],
  ...["index-BfX3x9aQ.css", "chunk-7HGSK3PQ.js", "framework-64ad27b21261a9ce.js", "base.27e20196a850.css"],
  ...[
    "3f9a2b1c4d5e6f708192.png",
    `main.min.${"0a".repeat(32)}.css`,
    "logo.3F9A2B1C.svg",
    "app.3f9a2b1c.min.js",
  ],
]) {
  test(`${name} carries a hash`, (t) => t.true(isHashedName(name)));
}

for (const name of [
  ...[
    "jquery-3.6.0.min.js",
    "2024-01-02-post.html",
    "bootstrap-4.3.1.bundle.min.js",
    "app.js",
    "app.20240102.js",
  ],
  ...[
    "photo-12345678.jpg",
    "polyfill-es2015.js",
    "view-HomePage.js",
    "intro-Chapter1.pdf",
    "fig-Figure1a.png",
  ],
  ...["banner-iPhone15.png", "FINAL-REPORT22.js", "IMG-20240102-WA0001.jpg", "backup-2024dec01.sql"],
  ...["notes-1feb2024.txt", "a.deadbeef.js", "550e8400-e29b-41d4-a716-44665544000a.png", "3f9a2b1c.js"],
  ...[
    "64ad27b21261a9ce5f0b1c2d.json",
    "page.3f9a2b1c.html",
    "app.3f9a2b1.js",
    "3f9a2b1c",
    "app.3f9a2b1c",
    ".js",
    "",
  ],
  ...[
    "data-TPS54331.pdf",
    "STM32F47.pdf",
    "x-STM32F47.pdf",
    "lodash-4.17.21.js",

    "MyAppNav-MyAppNav.js",
  ],
]) {
  test(`'${name}' carries no hash`, (t) => t.false(isHashedName(name)));
}

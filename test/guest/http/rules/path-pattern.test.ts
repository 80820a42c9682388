import test from "ava";
import fc from "fast-check";
import { canonicalPath, encodeSegment } from "../../../../guest/http/rules/canonical-path.ts";
import { PathPattern } from "../../../../guest/http/rules/path-pattern.ts";

function match(pattern: string, path: string): Record<string, string> | undefined {
  const parsed = PathPattern.parse(pattern);
  if (typeof parsed === "string") throw new Error(parsed);
  const captures = parsed.match(path);
  return captures && Object.fromEntries(captures);
}

for (const [pattern, path, captures] of [
  ["/", "/", {}],
  ["/a", "/a", {}],
  ["/a", "/a/", undefined],
  ["/a/", "/a", undefined],
  ["/a//b", "/a/b", {}],
  ["/a", "/A", undefined],
  ["/café", "/caf%C3%A9", {}],
  ["/caf%c3%a9", "/caf%C3%A9", {}],
  ["/a%20b", "/a%20b", {}],
  ["/%61", "/a", {}],
  ["/a#part", "/a", {}],
  ["/*", "/", { splat: "" }],
  ["/*", "/a/b/", { splat: "a/b/" }],
  ["/a/*", "/a/", { splat: "" }],
  ["/a/*", "/a", undefined],
  ["/a/*", "/ab", undefined],
  ["/*.jpg", "/a/b.jpg", { splat: "a/b" }],
  ["/*.jpg", "/.jpg", { splat: "" }],
  ["/*.jpg", "/a.jpeg", undefined],
  ["/a*b", "/ab", { splat: "" }],
  ["/aa*aa", "/aaa", undefined],
  ["/*/edit", "/a/edit/b/edit", { splat: "a/edit/b" }],
  ["/*/edit", "/edit", undefined],
  ["/:a/*/:b", "/1/2/3/4", { a: "1", splat: "2/3", b: "4" }],
  ["/movies/:title", "/movies/x", { title: "x" }],
  ["/movies/:title", "/movies/", undefined],
  ["/movies/:title", "/movies/x/y", undefined],
  ["/:year-:month.html", "/2024-01.html", { year: "2024", month: "01" }],
  ["/:a-:b", "/1-2-3", { a: "1-2", b: "3" }],
  ["/:a-:b", "/-2", undefined],
  ["/:a-:b", "/1-", undefined],
  ["/:a:b", "/123", { a: "12", b: "3" }],
  ["/:a:b", "/1", undefined],
  ["/x:a", "/x", undefined],
  ["/:8080", "/:8080", {}],
] as const) {
  test(`${pattern} and ${path}`, (t) => t.deepEqual(match(pattern, path), captures));
}

for (const [pattern, problem] of [
  ["", "a path must begin with a slash"],
  ["a", "a path must begin with a slash"],
  ["https://example.com/*", "a rule for one host is not supported"],
  ["/a?b=c", "a query in the path is not supported"],
  ["/*/*", "a path may have one * only"],
  ["/a/:b*", "a placeholder beside a * is not supported"],
  ["/:a/:a", "the placeholder :a is there twice"],
  ["/:splat/*", "the placeholder :splat is there twice"],
  ["/%zz", "a percent sign must be followed by two hexadecimal digits"],
  ["/a/../b", "a path must have no segment . or .."],
  ["/%2e", "a path must have no segment . or .."],
] as const) {
  test(`the pattern '${pattern}' is refused`, (t) => t.is(PathPattern.parse(pattern), problem));
}

test("a match is that of the regular expression which Cloudflare Pages makes of a pattern", (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.log(`SEED=${seed}`);
  const segment = fc
    .array(fc.constantFrom("a", "b", "ab", ":x", ":y"), { minLength: 1, maxLength: 4 })
    // Placeholders are different ones, and letters would belong to the name before them.
    .map((parts) => parts.map((part, i) => (part.startsWith(":") ? `:p${i}` : `-${part}`)).join(""));
  const pattern = fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.constantFrom("", "/", "/*", "/-*", "/*/-a"))
    .map(
      ([segments, end]) => `/${segments.map((each, i) => each.replaceAll(":p", `:s${i}p`)).join("/")}${end}`,
    );
  const path = fc
    .string({ unit: fc.constantFrom("a", "b", "-", "/"), maxLength: 14 })
    .map((text) => `/${text}`.replace(/\/+/g, "/"));
  let matches = 0;
  const property = fc.property(pattern, fc.array(path, { minLength: 10, maxLength: 10 }), (text, paths) => {
    const source = text.replace("*", "(?<splat>.*)").replace(/:(\w+)/g, "(?<$1>[^/]+)");
    const oracle = new RegExp(`^${source}$`);
    for (const each of paths) {
      const expected = oracle.exec(each);
      if (expected !== null) matches++;
      t.deepEqual(
        match(text, each),
        expected === null ? undefined : { ...expected.groups },
        `${text} ${each}`,
      );
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 1000, seed, includeErrorInReport: true }));
  t.true(matches > 20);
});

test("a match takes time in proportion to path times pattern", (t) => {
  const pattern = PathPattern.parse(`/${Array.from({ length: 60 }, (_, i) => `:p${i}-a`).join("")}/*b`);
  t.true(pattern instanceof PathPattern);
  // A regular expression would try more ways than can be counted.
  t.is((pattern as PathPattern).match(`/${"-a".repeat(4000)}/${"b".repeat(4000)}c`), undefined);
});

test("any name, encoded, is one segment, and what a path may contain stays as it is", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (name) => {
      const text = encodeSegment(name);
      t.regex(text, /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})+$/);
      const decoded = text.replace(/%(..)/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
      t.deepEqual(Buffer.from(decoded, "latin1"), Buffer.from(name));
    }),
  );
  t.is(canonicalPath([Buffer.from("@a"), Buffer.from("b c")], true), "/@a/b%20c/");
  t.is(canonicalPath([], true), "/");
});

import test from "ava";
import fc from "fast-check";
import { Redirects } from "../../../../guest/http/rules/redirects.ts";
import type { Problem } from "../../../../guest/http/rules/rule-file.ts";

/** The status, a mark if it is forced, and the location of the first rule that matches. */
function first(text: string, path: string, query = ""): string | undefined {
  const problems: Problem[] = [];
  const redirects = Redirects.parse(text, problems);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  for (const { status, isForced, location } of redirects.matches(path, query)) {
    return `${status}${isForced ? "!" : ""} ${location}`;
  }
  return undefined;
}

for (const [rules, target, expected] of [
  ["/home /", "/home", "301 /"],
  ["/home / 302", "/home", "302 /"],
  ["/home\t/   308!", "/home", "308! /"],
  ["/a /b 303 # why", "/a", "303 /b"],
  ["# all\n\n  /a /b 307  \r\n", "/a", "307 /b"],
  ["\ufeff/a /b", "/a", "301 /b"],
  ["/a /b", "/b", undefined],
  ["/a /b", "/A", undefined],
  ["/a /b\n/a /c", "/a", "301 /b"],
  ["/a /b", "/a/", "301 /b"],
  ["/a/ /b", "/a", "301 /b"],
  ["/a /b\n/a/ /c", "/a/", "301 /c"],
  ["/a /b\n/* /c", "/a/", "301 /b"],
  ["/* /c\n/a /b", "/a", "301 /c"],
  ["/blog/* /news/:splat", "/blog/x/y", "301 /news/x/y"],
  ["/blog/* /news/:splat", "/blog", "301 /news/"],
  ["/blog/* /news/:splat", "/blogs", undefined],
  ["/m/:title /media/:title", "/m/x", "301 /media/x"],
  ["/m/:title /media/:title", "/m/x/", "301 /media/x"],
  ["/:y/:m/:d /blog/:y-:m-:d.html 200", "/2024/01/02", "200 /blog/2024-01-02.html"],
  ["/p/:code/:name /p?code=:code&name=:name", "/p/1/x", "301 /p?code=1&name=x"],
  ["/p/:code /p?code=:code", "/p/1&admin=1", "301 /p?code=1%26admin%3D1"],
  ["/a /b", "/a?x=1", "301 /b?x=1"],
  ["/a /b?y=2", "/a?x=1", "301 /b?y=2"],
  ["/a /b#part", "/a?x=1", "301 /b?x=1#part"],
  ["/a /#/x/:y", "/a", "301 /#/x/:y"],
  ["/go/* /#/:splat", "/go/x", "301 /#/x"],
  ["/twitch https://twitch.tv", "/twitch", "301 https://twitch.tv/"],
  ["/blog/* https://blog.my.domain/:splat", "/blog/a", "301 https://blog.my.domain/a"],
  ["/a HTTPS://EXAMPLE.com:8443/b?c#d", "/a", "301 https://example.com:8443/b?c#d"],
  ["/a https://bücher.example/é", "/a", "301 https://xn--bcher-kva.example/%C3%A9"],
  ['/a /b<c>"d\\e', "/a", "301 /b%3Cc%3E%22d%5Ce"],
  ["/a /100%/%41", "/a", "301 /100%25/%41"],
  ["/x/* /:splat", "/x/%2Fevil.example", "301 /%2Fevil.example"],
  ["/x/* /:splat/evil.example", "/x/", "301 /evil.example"],
  ["/x/* /:splat", "/x/@me:1", "301 /@me:1"],
  ["/a /time/12:pm", "/a", "301 /time/12:pm"],
] as const) {
  test(`${JSON.stringify(rules)} for ${target}`, (t) => {
    const [path, query] = target.split("?");
    t.is(first(rules, path!, query === undefined ? "" : `?${query}`), expected);
  });
}

for (const [rule, problem] of [
  ["/a", "a rule has a path and a target"],
  ["/a b", "the target must begin with a slash, https:// or http://"],
  ["/a javascript:alert(1)", "the target must begin with a slash, https:// or http://"],
  ["/a data:text/html,x", "the target must begin with a slash, https:// or http://"],
  ["/a //evil.example/", "write the target as https://HOST/PATH instead of //HOST/PATH"],
  ["/a /\\evil.example/", "write the target as https://HOST/PATH instead of //HOST/PATH"],
  ["/:h https://:h/", "a placeholder in the host of the target is not supported"],
  ["/* https://example.com:splat", "a placeholder in the host of the target is not supported"],
  ["/a https://u:secret@example.com/", "the target must contain no user name and no password"],
  ["/a https://[::1/", "the host of the target is malformed"],
  ["/a https:///b", "the host of the target is malformed"],
  ["/a https://a\\b/", "the host of the target is malformed"],
  ["/a /b 300", "the status must be 200, 301, 302, 303, 307, 308 or 404"],
  ["/a /b 410", "the status must be 200, 301, 302, 303, 307, 308 or 404"],
  ["/a /b 30", "the status must be 200, 301, 302, 303, 307, 308 or 404"],
  ["/a /b 301!!", "the status must be 200, 301, 302, 303, 307, 308 or 404"],
  ["/ /us 302 Country=us", "the condition Country is not supported"],
  ["/ /us Language=en", "the condition Language is not supported"],
  ["/admin/* /admin/:splat 200! Role=admin", "the condition Role is not supported"],
  ["/* /preview/:splat 302 Cookie=preview", "the condition Cookie is not supported"],
  ["/a /b 302 c", "nothing may follow the status"],
  ["/store id=:id /blog/:id 301", "a condition on the query is not supported"],
  [
    "/api/* https://api.example.com/:splat 200",
    "a file of another host (a proxy) is not supported: the machine reaches no network",
  ],
  ["http://blog.example.com/* https://example.com/:splat", "a rule for one host is not supported"],
  [`/a /${"b".repeat(2000)}`, "a line has at most 2000 characters"],
] as const) {
  test(`${rule.slice(0, 60)}: ${problem}`, (t) => {
    const problems: Problem[] = [];
    const redirects = Redirects.parse(`# a comment\n${rule}\n/ok /fine`, problems);
    t.deepEqual(problems, [{ line: 2, message: problem }]);
    t.is([...redirects.matches("/ok", "")].length, 1);
    t.false([...redirects.matches("/a", "")].some(({ location }) => location !== ""));
  });
}

test("a file has at most 2,000 rules for one path, and 100 with placeholders", (t) => {
  const problems: Problem[] = [];
  const fixed = Array.from({ length: 2001 }, (_, i) => `/f${i} /x\n`).join("");
  const dynamic = Array.from({ length: 101 }, (_, i) => `/d${i}/* /x\n`).join("");
  const redirects = Redirects.parse(fixed + dynamic, problems);
  t.deepEqual(problems, [
    { line: 2001, message: "more than 2000 rules" },
    { line: 2102, message: "more than 100 rules with placeholders or *" },
  ]);
  const isThere = (path: string) => [...redirects.matches(path, "")].length > 0;
  t.deepEqual(["/f1999", "/f2000", "/d99/", "/d100/"].map(isThere), [true, false, true, false]);
});

test("a location that would be longer than a request may be is no match", (t) => {
  const rules = `/x/* /${":splat/".repeat(200)}`;
  t.is(first(rules, `/x/${"a".repeat(50)}`), undefined);
  t.is(first(rules, "/x/a"), `301 /${"a/".repeat(200)}`);
});

test("whatever a file says, a location stays on this host or that of the rule, and is a safe header", (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.log(`SEED=${seed}`);
  const piece = fc.oneof(
    fc.constantFrom(
      "/",
      "//",
      "\\",
      ":splat",
      ":a",
      "*",
      "%2F",
      "%",
      "@",
      "?",
      "#",
      "evil.example",
      "é",
      "\u0001",
    ),
    fc.constantFrom(
      "https://",
      "http://",
      "example.com",
      " ",
      "\t",
      "200",
      "301",
      "302!",
      "\n",
      "Country=x",
      "=",
    ),
    fc.string({ maxLength: 3 }),
  );
  const text = (maxLength: number) => fc.array(piece, { maxLength }).map((pieces) => pieces.join(""));
  const rule = fc
    .tuple(
      fc.constantFrom("/*", "/:a", "/x/*", "/:a/*"),
      fc.constantFrom("/", "https://example.com/", ""),
      text(6),
    )
    .map(([from, start, rest]) => `${from} ${start}${rest}`);
  const file = fc.oneof(
    rule,
    text(12),
    fc.array(rule).map((rules) => rules.join("\n")),
  );
  const path = fc
    .array(fc.constantFrom("/", "a", "x", "@", "%2F", "%5C", "evil.example", ":", ".", "*"), { maxLength: 8 })
    .map((pieces) => `/${pieces.join("")}`.replace(/\/+/g, "/"));
  let locations = 0;
  const property = fc.property(file, path, (rules, requested) => {
    for (const { location } of Redirects.parse(rules, []).matches(requested, "?q")) {
      locations++;
      t.regex(location, /^[\x21-\x7e]+$/);
      const { origin } = new URL(location, "http://here.example");
      const named = [...rules.matchAll(/https?:\/\/[^/?#\s]*/gi)].map(([url]) => url);
      const hosts = named.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin);
      t.true(["http://here.example", ...hosts].includes(origin), location);
      if (location.startsWith("/")) t.is(origin, "http://here.example", location);
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 3000, seed, includeErrorInReport: true }));
  t.true(locations > 100);
});

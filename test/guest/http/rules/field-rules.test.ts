import { validateHeaderName, validateHeaderValue } from "node:http";
import test from "ava";
import fc from "fast-check";
import { FieldRules } from "../../../../guest/http/rules/field-rules.ts";
import {
  applyRules,
  fieldsOfFile,
  fieldsOfMissing,
  fieldsOfPage,
  typeOf,
} from "../../../../guest/http/rules/response-fields.ts";
import type { Problem } from "../../../../guest/http/rules/rule-file.ts";

const COMMON = ["Cache-Control: no-cache", "X-Content-Type-Options: nosniff"];

function lines(list: readonly string[]): string[] {
  return list.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${list[index + 1]}`] : []));
}

function fields(text: string, path: string) {
  const problems: Problem[] = [];
  const rules = FieldRules.parse(text, problems);
  return { problems, fields: applyRules(rules.matches(path), "no-cache") };
}

/** The fields of a file, without those that the server sends without rules. */
function sent(text: string, path: string): string[] {
  return lines(fieldsOfFile(fields(text, path).fields).list).filter((line) => !COMMON.includes(line));
}

/** The example of Cloudflare's documentation. */
const EXAMPLE = `# This is a comment
/secure/page
  X-Frame-Options: DENY
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer

/static/*
\tAccess-Control-Allow-Origin: *
\tX-Robots-Tag: nosnippet

/static/styles.css
X-Robots-Tag: noindex
`;

for (const [text, path, expected] of [
  [EXAMPLE, "/secure/page", ["X-Frame-Options: DENY", "Referrer-Policy: no-referrer"]],
  [EXAMPLE, "/static/a.jpg", ["Access-Control-Allow-Origin: *", "X-Robots-Tag: nosnippet"]],
  [EXAMPLE, "/static/styles.css", ["Access-Control-Allow-Origin: *", "X-Robots-Tag: nosnippet, noindex"]],
  [EXAMPLE, "/other", []],
  ["/a\n X: 1", "/a/", ["X: 1"]],
  ["/a/*\n X: 1", "/a", ["X: 1"]],
  ["/*\n Content-Security-Policy: default-src 'self';\n/*.jpg\n ! Content-Security-Policy", "/b.jpg", []],
  ["/*\n X: 1\n/b\n ! x\n X: 2", "/b", ["X: 2"]],
  ['/m/:title\n x-movie-name: You watch ":title"', "/m/a,b", ['x-movie-name: You watch "a%2Cb"']],
  ["/m/*\n Link: </:splat>; rel=canonical", "/m/a/b", ["Link: </a/b>; rel=canonical"]],
  [
    "/*\n cache-control: max-age=0\n cache-control: no-cache\n cache-control: no-store",
    "/",
    ["Cache-Control: max-age=0, no-cache, no-store"],
  ],
  ["/*\n X-Frame-Options: DENY\n/a\n X-Frame-Options: SAMEORIGIN", "/a", ["X-Frame-Options: SAMEORIGIN"]],
  ["/*\n Set-Cookie: a=1\n Set-Cookie: b=2", "/", ["Set-Cookie: a=1", "Set-Cookie: b=2"]],
  [
    "/a\n Link: </a.css>; rel=preload, </b.js>; rel=preload",
    "/a",
    ["Link: </a.css>; rel=preload, </b.js>; rel=preload"],
  ],
  ["/a\n X: http://b/:c", "/a", ["X: http://b/:c"]],
] as const) {
  test(`${JSON.stringify(text).slice(0, 70)} for ${path}`, (t) => {
    t.deepEqual(fields(text, path).problems, []);
    t.deepEqual(sent(text, path), [...expected]);
  });
}

test("rules replace and remove the server's own fields, and give a file its type", (t) => {
  const text = "/*\n ! X-Content-Type-Options\n Cache-Control: max-age=60\n Content-Type: text/x";
  const { fields: found } = fields(text, "/a");
  t.deepEqual(lines(fieldsOfFile(found).list), ["Cache-Control: max-age=60"]);
  t.is(typeOf(found), "text/x");
});

test("an error gets the rules' fields, without those of the file that is not sent", (t) => {
  const text = `/*
  Cache-Control: max-age=31536000, immutable
  CDN-Cache-Control: max-age=60
  Surrogate-Control: max-age=60
  Expires: Thu, 01 Jan 2099 00:00:00 GMT
  Content-Type: text/css
  Content-Disposition: attachment
  Content-Security-Policy: default-src 'self'
  X-Frame-Options: DENY
  ! X-Content-Type-Options`;
  const { fields: found } = fields(text, "/a");
  const policy = "Content-Security-Policy: default-src 'self'";
  t.deepEqual(lines(fieldsOfMissing(found).list), [...COMMON, policy, "X-Frame-Options: DENY"]);
  // The server's page has a policy of its own.
  t.deepEqual(lines(fieldsOfPage(found).list), ["X-Frame-Options: DENY"]);
});

for (const [line, problem] of [
  ...[
    ...["Content-Length: 5", "transfer-encoding: chunked", "Connection: close", "ETag: x", "Vary: Origin"],
    ...["Content-Encoding: gzip", "Content-Range: bytes 0-1/2", "Last-Modified: x", "Location: /", "Date: x"],
    ...["Keep-Alive: x", "Trailer: x", "Upgrade: h2c", "! ETag", "Accept-Ranges: none", "Age: 1"],
  ].map((each) => [each, `the server alone sets ${/[\w-]+/.exec(each)![0]}`] as const),
  ["X-Accel-Redirect: /etc/passwd", "X-Accel-Redirect commands a proxy, and is not sent"],
  ["X-Sendfile: /etc/passwd", "X-Sendfile commands a proxy, and is not sent"],
  ["Basic-Auth: someuser:secret", "Basic-Auth is not supported: the server asks for no password here"],
  ["X\u00e9: 1", "the name of the field is malformed"],
  ["X Y: 1", "the name of the field is malformed"],
  [": 1", "the name of the field is malformed"],
  ["!", "the name of the field is malformed"],
  ["X", "a field has a name, a colon and a value"],
  ["X:", "the field X has no value"],
  ["X: a\u0000b", "the value of X has a character that is not printable ASCII"],
  ["X: caf\u00e9", "the value of X has a character that is not printable ASCII"],
  ["! Content-Type", "Content-Type cannot be removed"],
] as const) {
  test(`${JSON.stringify(line)}: ${problem}`, (t) => {
    const text = `/*\n  ${line}\n  Y: 1`;
    t.deepEqual(fields(text, "/").problems, [{ line: 2, message: problem }]);
    t.deepEqual(sent(text, "/"), ["Y: 1"]);
  });
}

test("fields before a path, and those of a path that is not supported, are ignored", (t) => {
  const text = "X: 1\nhttps://example.com/*\n  X: 2\n/*\n  Y: 1";
  t.deepEqual(fields(text, "/").problems, [
    { line: 1, message: "a field must follow a path" },
    { line: 2, message: "a rule for one host is not supported" },
  ]);
  t.deepEqual(sent(text, "/"), ["Y: 1"]);
});

test("the fields of an answer are of bounded length", (t) => {
  const text = `/*\n${Array.from({ length: 40 }, (_, i) => `  X-${i}: ${":splat".repeat(300)}\n`).join("")}`;
  const found = sent(text, `/${"a".repeat(8000)}`);
  t.deepEqual(found, []);
  const some = sent(text, `/${"a".repeat(10)}`);
  t.true(some.join("").length <= 17 * 1024);
  t.is(some.length, 5);
});

test("whatever a file says, Node accepts the fields, and none is one of the server's", (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.log(`SEED=${seed}`);
  const name = fc.constantFrom(
    "X",
    "x",
    "Cache-Control",
    "Content-Length",
    "etag",
    "Set-Cookie",
    "! X",
    "Via",
    "A B",
    "é",
  );
  const value = fc.array(
    fc.oneof(
      fc.constantFrom(":splat", ":a", "\r", "\u0000", "\u2028", "a", ":", ","),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 5 },
  );
  const line = fc.oneof(
    fc.constantFrom("/*", "/:a", "/a/*", "/a", "https://x/*", "# x"),
    fc.tuple(name, value).map(([field, pieces]) => ` ${field}: ${pieces.join("")}`),
    fc.string(),
  );
  const path = fc.constantFrom("/", "/a", "/a/b%0D%0Ac", "/a%00", "/a,;b");
  let count = 0;
  const property = fc.property(fc.array(line, { maxLength: 12 }), path, (file, requested) => {
    const { list } = fieldsOfFile(fields(`/*\n${file.join("\n")}`, requested).fields);
    for (const each of lines(list)) {
      const [, field, text] = /^([^:]*): (.*)$/s.exec(each)!;
      count++;
      validateHeaderName(field!);
      validateHeaderValue(field!, text!);
      t.false(["content-length", "etag"].includes(field!.toLowerCase()));
      t.regex(text!, /^[\t\x20-\x7e]+$/);
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2000, seed, includeErrorInReport: true }));
  t.true(count > 2000);
});

import test from "ava";
import fc from "fast-check";
import { accessLine } from "../../../vm/front/access-line.ts";

const PEER = { address: "192.0.2.7", port: 4711 } as const;
const TIME = Date.UTC(2000, 9, 10, 13, 55, 36, 999);
const RECORD = {
  method: "GET",
  target: "/x",
  version: "1.1",
  status: 200,
  bytes: 2326,
  seconds: 0.01,
  isCutShort: false,
};

/** Matches what nginx's and Apache's lines match: fields without quotes, a request of three words or `-`. */
const COMMON =
  /^(\S+) - - \[(\d\d\/[A-Z][a-z]{2}\/\d{4,}:\d\d:\d\d:\d\d \+0000)\] "(?:(\S+) (\S+) HTTP\/(\S+)|-)" (\d{3}) (\d+)\n$/;

test("a line has the common log format", (t) => {
  t.is(
    accessLine(RECORD, PEER, TIME),
    '192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] "GET /x HTTP/1.1" 200 2326\n',
  );
  t.is(
    accessLine({ ...RECORD, status: 304, bytes: 0 }, { ...PEER, address: "fe80::1%eth0" }, 0),
    'fe80::1%eth0 - - [01/Jan/1970:00:00:00 +0000] "GET /x HTTP/1.1" 304 0\n',
  );
  t.true(accessLine(RECORD, undefined, TIME).startsWith("unix: - - ["));
});

for (const [target, shown] of [
  ['/a" 200 1 "', "/a\\x22\\x20200\\x201\\x20\\x22"],
  ["/\\", "/\\x5C"],
  ["/a\nb\r", "/a\\x0Ab\\x0D"],
  ["/\u001b[2J\u007f", "/\\x1B[2J\\x7F"],
  ["/é\u2028😀", "/\\xC3\\xA9\\xE2\\x80\\xA8\\xF0\\x9F\\x98\\x80"],
  ["/\ud800", "/\\xEF\\xBF\\xBD"],
  ["/%22?a=b&c[]=~", "/%22?a=b&c[]=~"],
  ["", "-"],
] as const) {
  test(`the target ${JSON.stringify(target)} is ${shown} in a line`, (t) => {
    t.is(COMMON.exec(accessLine({ ...RECORD, target }, PEER, TIME))?.[4], shown);
  });
}

test("a long target is cut at a whole character, and the line stays short", (t) => {
  const lines = ["a", '"', "é", "😀"].map((each) =>
    accessLine({ ...RECORD, target: each.repeat(100_000) }, PEER, TIME),
  );
  for (const line of lines) {
    const [, , , , target = ""] = COMMON.exec(line) ?? [];
    t.regex(target, /^(?:a|\\x[0-9A-F]{2})+\.\.\.$/);
    t.true(target.length <= 4096 && target.length > 4088);
  }
  const longest = "a".repeat(4096);
  t.is(COMMON.exec(accessLine({ ...RECORD, target: longest }, PEER, TIME))?.[4], longest);
});

for (const [status, shown] of [
  [99, "000"],
  [600, "000"],
  [200.5, "000"],
  [Number.NaN, "000"],
  [-200, "000"],
  [100, "100"],
  [599, "599"],
] as const) {
  test(`the status ${status} is ${shown} in a line`, (t) => {
    t.is(COMMON.exec(accessLine({ ...RECORD, status }, PEER, TIME))?.[6], shown);
  });
}

test("a malformed request has the line -", (t) => {
  t.regex(accessLine({ ...RECORD, method: "", target: "", status: 400 }, PEER, TIME), / "-" 400 2326\n$/);
});

test("whatever a guest says, a record is one line that parsers read, with the same status and bytes", (t) => {
  const text = fc.string({ unit: "binary", maxLength: 6000, size: "max" });
  const record = fc.record({
    method: text,
    target: text,
    version: text,
    status: fc.double(),
    bytes: fc.oneof(fc.double(), fc.maxSafeNat()),
    seconds: fc.double(),
    isCutShort: fc.boolean(),
  });
  fc.assert(
    fc.property(record, (each) => {
      const line = accessLine(each, PEER, TIME);
      const [, host, , , , , , bytes] = COMMON.exec(line) ?? [];
      t.is(host, PEER.address);
      if (Number.isSafeInteger(each.bytes) && each.bytes > 0) t.is(bytes, String(each.bytes));
      else t.is(bytes, "0");
      t.true(line.length < 4400);
    }),
  );
});

import test from "ava";
import { allowsRange, evaluate } from "../../../guest/http/conditions.ts";
import { formatHttpDate, parseHttpDate } from "../../../guest/http/http-date.ts";

const validators = { tag: '"abc"', modified: 784111777 };
const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";

for (const [headers, verdict] of [
  [{}, "go on"],
  [{ "if-none-match": '"abc"' }, 304],
  [{ "if-none-match": 'W/"abc"' }, 304],
  [{ "if-none-match": '"x", "abc" , "y"' }, 304],
  [{ "if-none-match": "*" }, 304],
  [{ "if-none-match": '"abcd"' }, "go on"],
  [{ "if-none-match": "abc" }, "go on"],
  [{ "if-modified-since": DATE }, 304],
  [{ "if-modified-since": AFTER }, 304],
  [{ "if-modified-since": BEFORE }, "go on"],
  [{ "if-modified-since": "yesterday" }, "go on"],
  // The tag says more than the date.
  [{ "if-none-match": '"x"', "if-modified-since": DATE }, "go on"],
  [{ "if-match": '"abc"' }, "go on"],
  [{ "if-match": "*" }, "go on"],
  [{ "if-match": '"x"' }, 412],
  [{ "if-match": 'W/"abc"' }, 412],
  [{ "if-match": '"abc"', "if-none-match": '"abc"' }, 304],
  [{ "if-match": '"abc"', "if-unmodified-since": BEFORE }, "go on"],
  [{ "if-unmodified-since": BEFORE }, 412],
  [{ "if-unmodified-since": DATE }, "go on"],
] as const) {
  test(`conditions ${JSON.stringify(headers)}`, (t) => t.is(evaluate(headers, validators), verdict));
}

test("without a date, conditions on it mean nothing", (t) => {
  const undated = { ...validators, modified: undefined };
  t.is(evaluate({ "if-modified-since": DATE }, undated), "go on");
  t.is(evaluate({ "if-unmodified-since": BEFORE }, undated), "go on");
});

test("If-Range: a strong tag or an old date", (t) => {
  const now = validators.modified + 3600;
  t.true(allowsRange(undefined, validators, now));
  t.true(allowsRange('"abc"', validators, now));
  t.false(allowsRange('W/"abc"', validators, now));
  t.false(allowsRange('"x"', validators, now));
  t.true(allowsRange(DATE, validators, now));
  t.false(allowsRange(AFTER, validators, now));
  t.false(allowsRange(BEFORE, validators, now));
  t.false(allowsRange(DATE, validators, validators.modified + 1), "changed a moment ago");
  t.false(allowsRange("nonsense", validators, now));
});

test("HTTP's three forms of a date are the same date", (t) => {
  for (const text of [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]) {
    t.is(parseHttpDate(text), 784111777, text);
  }
  for (const text of [
    "",
    "now",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
  ]) {
    t.is(parseHttpDate(text), undefined, text);
  }
  t.is(formatHttpDate(784111777), DATE);
  t.is(formatHttpDate(-1), undefined);
  t.is(formatHttpDate(8.64e12), undefined);
});

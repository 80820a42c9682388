import test from "ava";
import { allowsRange, evaluate } from "../../../guest/http/conditions.ts";

const TAG = '"abc"';
const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

for (const [headers, verdict] of [
  [{}, "go on"],
  [{ "if-none-match": '"abc"' }, 304],
  [{ "if-none-match": 'W/"abc"' }, 304],
  [{ "if-none-match": '"x", "abc" , "y"' }, 304],
  [{ "if-none-match": "*" }, 304],
  [{ "if-none-match": '"abcd"' }, "go on"],
  [{ "if-none-match": "abc" }, "go on"],
  [{ "if-match": '"abc"' }, "go on"],
  [{ "if-match": "*" }, "go on"],
  [{ "if-match": '"x"' }, 412],
  [{ "if-match": 'W/"abc"' }, 412],
  [{ "if-match": '"abc"', "if-none-match": '"abc"' }, 304],
  // No date of the image says whether a file is the one that the client had.
  [{ "if-modified-since": DATE }, "go on"],
  [{ "if-modified-since": "yesterday" }, "go on"],
  [{ "if-none-match": '"abc"', "if-modified-since": DATE }, 304],
  [{ "if-none-match": '"x"', "if-modified-since": DATE }, "go on"],
  [{ "if-unmodified-since": DATE }, "go on"],
  [{ "if-match": '"x"', "if-unmodified-since": DATE }, 412],
] as const) {
  test(`conditions ${JSON.stringify(headers)}`, (t) => t.is(evaluate(headers, TAG), verdict));
}

for (const [headers, allowed] of [
  [{}, true],
  [{ "if-range": '"abc"' }, true],
  [{ "if-range": ' "abc" ' }, true],
  [{ "if-range": 'W/"abc"' }, false],
  [{ "if-range": '"x"' }, false],
  [{ "if-range": "" }, false],
  [{ "if-range": DATE }, false],
  [{ "if-unmodified-since": DATE }, false],
  [{ "if-unmodified-since": DATE, "if-match": '"abc"' }, true],
  [{ "if-unmodified-since": DATE, "if-range": '"abc"' }, true],
] as const) {
  test(`a part is ${allowed ? "" : "not "}sent for ${JSON.stringify(headers)}`, (t) =>
    t.is(allowsRange(headers, TAG), allowed));
}

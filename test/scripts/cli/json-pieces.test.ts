import test from "ava";
import fc from "fast-check";
import { jsonPieces } from "../../../scripts/cli/json-pieces.ts";

test("jsonPieces yields the JSON of JSON.stringify", (t) => {
  const property = fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
    return [...jsonPieces(value)].join("") === JSON.stringify(value);
  });
  t.notThrows(() => fc.assert(property));
  t.is([...jsonPieces({ a: undefined, b: 1 })].join(""), '{"b":1}');
});

test("a long string is split between characters", (t) => {
  for (const character of ["\x01", "a", "€", "😀", '"']) {
    for (const before of ["", "x"]) {
      const value = { text: before + character.repeat(200_000) };
      const pieces = [...jsonPieces(value)];
      t.is(pieces.join(""), JSON.stringify(value));
      t.true(pieces.every(({ length }) => length < 1_000_000));
    }
  }
});

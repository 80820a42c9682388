import test from "ava";
import fc from "fast-check";
import { objectId } from "../../../reader/git/object.ts";
import { hex, isObjectId, raw, sameId } from "../../../reader/git/object-id.ts";
import { anyFormat, anyId, FORMATS } from "../formats.ts";
import { Repository } from "../repository.ts";

test("hexadecimal and raw ids are turned into each other", (t) => {
  const property = fc.property(anyFormat.chain(anyId), (id) => {
    return sameId(raw(hex(id)), id) && isObjectId(hex(id)) && hex(raw(hex(id).toUpperCase())) === hex(id);
  });
  t.notThrows(() => fc.assert(property));
});

test("ids of which any byte differs are not the same", (t) => {
  for (const { idLength } of FORMATS) {
    const id = new Uint8Array(idLength).fill(7);
    for (let i = 0; i < idLength; i++) t.false(sameId(id, id.with(i, 8)));
  }
  t.false(sameId(new Uint8Array(20), new Uint8Array(32)), "one starts as the other");
  t.false(sameId(new Uint8Array(32), new Uint8Array(20)));
});

for (const text of [
  "",
  "0".repeat(39),
  "0".repeat(41),
  "g".repeat(40),
  ` ${"0".repeat(39)}`,
  `${"0".repeat(40)}\n`,
  "0".repeat(63),
  "0".repeat(65),
  "0".repeat(52),
  `${"0".repeat(63)}g`,
  `${"0".repeat(64)}\n`,
]) {
  test(`${JSON.stringify(text)} is no id`, (t) => {
    t.false(isObjectId(text));
    t.throws(() => raw(text), { instanceOf: RangeError });
  });
}

test("an id is of the length that is asked for", (t) => {
  for (const [own, other] of [
    [20, 32],
    [32, 20],
  ] as const) {
    t.is(raw("ab".repeat(own), own).length, own);
    t.throws(() => raw("ab".repeat(other), own), { instanceOf: RangeError });
  }
});

for (const format of FORMATS) {
  test(`${format.name}: objects have the ids that git gives them`, (t) => {
    using repository = new Repository(format);
    for (const content of ["", "a", "text\n", "\0\xff".repeat(1000)]) {
      const id = repository.git(["hash-object", "--stdin"], content).toString().trim();
      t.is(hex(objectId("blob", Buffer.from(content), format)), id);
    }
    const tag = `object ${"11".repeat(format.idLength)}\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\nmessage\n`;
    const id = repository.git(["hash-object", "-t", "tag", "--stdin"], tag).toString().trim();
    t.is(hex(objectId("tag", Buffer.from(tag), format)), id);
  });
}

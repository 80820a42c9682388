import test from "ava";
import fc from "fast-check";
import { objectId } from "../../../reader/git/object.ts";
import { hex, isObjectId, raw, sameId } from "../../../reader/git/object-id.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { Repository } from "../repository.ts";

test("hexadecimal and raw ids are turned into each other", (t) => {
  const property = fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (id) => {
    return sameId(raw(hex(id)), id) && isObjectId(hex(id)) && hex(raw(hex(id).toUpperCase())) === hex(id);
  });
  t.notThrows(() => fc.assert(property));
});

test("ids of which any byte differs are not the same", (t) => {
  const id = new Uint8Array(20).fill(7);
  for (let i = 0; i < 20; i++) t.false(sameId(id, id.with(i, 8)));
});

for (const text of [
  "",
  "0".repeat(39),
  "0".repeat(41),
  "g".repeat(40),
  ` ${"0".repeat(39)}`,
  `${"0".repeat(40)}\n`,
]) {
  test(`${JSON.stringify(text)} is no id`, (t) => {
    t.false(isObjectId(text));
    t.throws(() => raw(text), { instanceOf: RangeError });
  });
}

test("objects have the ids that git gives them", (t) => {
  using repository = new Repository();
  for (const content of ["", "a", "text\n", "\0\xff".repeat(1000)]) {
    const id = repository.git(["hash-object", "--stdin"], content).toString().trim();
    t.is(hex(objectId("blob", Buffer.from(content), SHA1)), id);
  }
  const tag = `object ${"1".repeat(40)}\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\nmessage\n`;
  const id = repository.git(["hash-object", "-t", "tag", "--stdin"], tag).toString().trim();
  t.is(hex(objectId("tag", Buffer.from(tag), SHA1)), id);
});

import test from "ava";
import fc from "fast-check";
import { objectFormat } from "../../../reader/git/object-format.ts";
import { NODE_PLATFORM, SHA1 } from "../../../reader/node-platform.ts";
import { PlainSha1 } from "../sha1.ts";

test("hashes have the length of an id, at once or in pieces, with or without a hash for small ones", (t) => {
  const formats = [
    SHA1,
    objectFormat("sha1", { createHash: NODE_PLATFORM.createHash }),
    objectFormat("sha1", { createHash: () => new PlainSha1() }),
  ];
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
    const expected = NODE_PLATFORM.createHash("sha1").update(bytes).digest();
    return formats.every(({ createHash, hash, idLength }) => {
      const pieces = createHash().update(bytes.subarray(0, at)).copy().update(bytes.subarray(at)).digest();
      const once = Buffer.from(hash(bytes), "latin1");
      return pieces.length === idLength && once.equals(expected) && Buffer.compare(pieces, expected) === 0;
    });
  });
  t.notThrows(() => fc.assert(property));
});

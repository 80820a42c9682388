import test from "ava";
import fc from "fast-check";
import { HASH_ALGORITHMS, objectFormat } from "../../../reader/git/object-format.ts";
import { NODE_PLATFORM } from "../../../reader/node-platform.ts";
import { FORMATS } from "../formats.ts";
import { PlainSha1 } from "../sha1.ts";
import { PlainSha256 } from "../sha256.ts";

test("hashes have the length of an id, at once or in pieces, with or without a hash for small ones", (t) => {
  const formats = [
    ...FORMATS,
    ...HASH_ALGORITHMS.map((name) => objectFormat(name, { createHash: NODE_PLATFORM.createHash })),
    objectFormat("sha1", { createHash: () => new PlainSha1() }),
    objectFormat("sha256", { createHash: () => new PlainSha256() }),
  ];
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
    return formats.every(({ name, createHash, hash, idLength }) => {
      const expected = NODE_PLATFORM.createHash(name).update(bytes).digest();
      const pieces = createHash().update(bytes.subarray(0, at)).copy().update(bytes.subarray(at)).digest();
      const once = Buffer.from(hash(bytes), "latin1");
      return pieces.length === idLength && once.equals(expected) && Buffer.compare(pieces, expected) === 0;
    });
  });
  t.notThrows(() => fc.assert(property));
});

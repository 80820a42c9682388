import test from "ava";
import fc from "fast-check";
import { orderName } from "../../../image-builder/packing/order-name.ts";

/** Git's number for a name (`pack_name_hash` in its `pack-objects.h`). */
function gitsNumber(name: string): number {
  let number = 0;
  for (const byte of Buffer.from(name, "latin1")) number = ((number >>> 2) + byte * 2 ** 24) % 2 ** 32;
  return Math.floor(number);
}

test("git's hash of the name falls from position to position", (t) => {
  const count = 5000;
  const numbers = Array.from({ length: count }, (_, position) => gitsNumber(orderName(position, count)));
  for (let position = 1; position < count; position++)
    t.true(numbers[position]! < numbers[position - 1]!, `${position}`);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 100_000 }), fc.nat(), (all, any) => {
      const position = any % (all - 1);
      t.true(gitsNumber(orderName(position, all)) > gitsNumber(orderName(position + 1, all)));
    }),
  );
  t.notRegex(orderName(0, 100_000), /\s/);
});

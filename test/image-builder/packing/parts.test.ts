import test from "ava";
import type { PackObject } from "../../../image-builder/packing/pack-object.ts";
import { splitIntoParts } from "../../../image-builder/packing/parts.ts";

const MB = 1024 * 1024;

test("parts have folders first, then files up to 64 MiB, in the order of the tree, with a search order of their own", (t) => {
  const objects: PackObject[] = [
    { id: "commit", kind: "commit", size: 200, path: "" },
    { id: "root", kind: "tree", size: 300, path: "" },
    ...Array.from({ length: 10 }, (_, n) => ({
      id: `file ${n}`,
      kind: "blob" as const,
      size: (n + 1) * 4 * MB,
      path: `file ${n}`,
    })),
    { id: "sub", kind: "tree", size: 100, path: "sub" },
  ];
  const parts = splitIntoParts(objects);
  const ids = parts.map((part) => part.objects.map(({ id }) => id));
  t.deepEqual(ids[0], ["commit", "root", "sub"]);
  // The largest is compared first: 40 + 36, 32 + 28 + 24, the rest.
  t.deepEqual(ids.slice(1), [
    ["file 8", "file 9"],
    ["file 5", "file 6", "file 7"],
    ["file 0", "file 1", "file 2", "file 3", "file 4"],
  ]);
  t.deepEqual(Object.fromEntries(parts[2]!.searchOrder), { "file 7": 0, "file 6": 1, "file 5": 2 });
  t.deepEqual(splitIntoParts([]), []);
});

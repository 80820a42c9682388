import test from "ava";
import type { PackObject } from "../../../image-builder/packing/pack-object.ts";
import { split } from "../../../image-builder/packing/repack.ts";

const MB = 1024 * 1024;

test("parts have folders first, then files by their class, in the order of the search for deltas", (t) => {
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
  const parts = [...split(objects)].map(({ members }) => members.map(({ id }) => id));
  // Of huge files up to 64 MiB, the largest first: 40 + 36, 32 + 28 + 24, the rest; 4 MiB are not huge.
  t.deepEqual(parts, [
    ["commit", "root", "sub"],
    ["file 9", "file 8"],
    ["file 7", "file 6", "file 5"],
    ["file 0"],
    ["file 4", "file 3", "file 2", "file 1"],
  ]);
  t.deepEqual([...split([])], []);
});

test("a part of small files has at most 16,384 objects", (t) => {
  const objects: PackObject[] = Array.from({ length: 40_000 }, (_, n) => ({
    id: String(n),
    kind: "blob",
    size: 1,
    path: `${n % 50}/${n}`,
  }));
  const parts = Array.from(split(objects), ({ members }) => members);
  t.deepEqual(
    parts.map((part) => part.length),
    [16_384, 16_384, 7232],
  );
  t.is(new Set(parts.flat()).size, objects.length);
});

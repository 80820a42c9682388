import test from "ava";
import { checkImports, readSources } from "../../scripts/check-imports.ts";
import { CHECKOUT } from "./docteur.ts";

const check = (sources: Readonly<Record<string, string>>) => checkImports(new Map(Object.entries(sources)));

test("the sources import each other as they may", (t) => {
  const sources = readSources(CHECKOUT);
  t.true(sources.size > 300);
  t.deepEqual(checkImports(sources), []);
});

for (const [file, text, fault] of [
  ["reader/a.ts", 'import { b } from "../guest/b.ts";', "reader/a.ts imports guest/b.ts: reader may not"],
  ["reader/a.ts", 'export type * from "../vm/b.ts";', "reader/a.ts imports vm/b.ts: reader may not"],
  ["guest/a.ts", 'import "../vm/b.ts";', "guest/a.ts imports vm/b.ts: guest may not"],
  [
    "vm/a.ts",
    'const { b } = await import("../guest/runtime/b.ts");',
    "vm/a.ts imports guest/runtime/b.ts: vm may not",
  ],
  [
    "vm/a.ts",
    'import {\n  b,\n} from "../guest/protocolled.ts";',
    "vm/a.ts imports guest/protocolled.ts: vm may not",
  ],
  [
    "image-builder/a.ts",
    'import type { B } from "../vm/b.ts";',
    "image-builder/a.ts imports vm/b.ts: image-builder may not",
  ],
  [
    "reader/pack/a.ts",
    'import { inflateSync } from "node:zlib";',
    "reader/pack/a.ts imports node:zlib: the reader reaches Node through named files alone",
  ],
] as const) {
  test(`refused: ${text.replaceAll("\n", " ")} in ${file}`, (t) =>
    t.deepEqual(check({ [file]: text }), [fault]));
}

test("imports of the layers below, of the protocol, and of Node in the named files are allowed", (t) => {
  t.deepEqual(
    check({
      "guest/a.ts": 'import { b } from "../reader/b.ts";\nimport fs from "node:fs";',
      "vm/a.ts": 'import { b } from "../guest/protocol/b.ts";',
      "scripts/a.ts": 'import { b } from "../image-builder/b.ts";\nimport { c } from "../vm/c.ts";',
      "reader/block/file.ts": 'import * as fs from "node:fs";',
      "reader/fs/stats.ts": 'import * as fs from "node:fs";',
    }),
    [],
  );
});

test("folders that import each other in a circle are reported, however many there are", (t) => {
  t.deepEqual(
    check({
      "vm/a/1.ts": 'import "../b/1.ts";',
      "vm/b/1.ts": 'import "../c/1.ts";',
      "vm/c/1.ts": 'import type { One } from "../a/2.ts";',
      "vm/d/1.ts": 'import "../a/1.ts";',
      // A folder and one in it are one thing in two parts.
      "vm/a/below/1.ts": 'import "../1.ts";',
      "vm/a/2.ts": 'import "./below/1.ts";',
    }),
    [
      "vm/a/1.ts imports vm/b, which imports vm/a: a circle",
      "vm/b/1.ts imports vm/c, which imports vm/b: a circle",
      "vm/c/1.ts imports vm/a, which imports vm/c: a circle",
    ],
  );
});

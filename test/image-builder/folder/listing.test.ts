import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { IdTable } from "../../../image-builder/folder/id-table.ts";
import { listFolder } from "../../../image-builder/folder/list-folder.ts";
import { Listing } from "../../../image-builder/folder/listing.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { writeFiles } from "../sandbox.ts";

test("a listing has names of any length and bytes, sizes and paths, and folders before what is in them", async (t) => {
  const folder = temporaryFolder(t);
  const long = "n".repeat(255);
  writeFiles(join(folder, "site"), { "a/b/file": "12345", [`a/${long}`]: "1", "a.b": "", a0: "22" });
  mkdirSync(join(folder, "site/empty"));
  symlinkSync("a/b", join(folder, "site/link"));
  using listing = new Listing(join(folder, "listing"));
  const left = await listFolder(join(folder, "site"), listing, { isOutput: () => false });
  t.deepEqual(left, { excluded: 0, notes: [] });
  const top = listing.folder(0);
  // `a.b`, `a/`, `a0`: as git sorts them.
  t.deepEqual(top.names, ["a.b", "a", "a0", "empty", "link"]);
  t.deepEqual(top.types, ["file", "tree", "file", "tree", "symlink"]);
  t.deepEqual(Array.from(top.sizes), [0, 0, 2, 0, 3]);
  const [, a, , empty] = Array.from(top.folders);
  t.deepEqual(Array.from(top.items), [0, a!, 4, empty!, 9]);
  t.deepEqual(listing.folder(empty!).names, []);
  const inA = listing.folder(a!);
  t.deepEqual(inA.names, ["b", long]);
  const b = inA.folders[0]!;
  t.deepEqual(
    [0, a!, b].map((number) => listing.path(number)),
    ["", "/a", "/a/b"],
  );
  t.true(b > a!);
  t.deepEqual(Array.from(listing.folder(b).sizes), [5]);
  t.is(listing.bytes, 0 + 2 + 3 + 1 + 5);
  t.is(listing.entries, 5 + 2 + 1);
  t.is(listing.folders, 4);
  listing.setTreeSize(a!, 77);
  t.is(listing.folder(0).sizes[1], 77);
});

test("an id has one number, whatever its bytes", (t) => {
  // Few first bytes, so that many ids want the same slot.
  const id = fc.tuple(fc.nat(2), fc.nat(60_000)).map(([first, last]) => {
    const bytes = Buffer.alloc(20, first);
    bytes.writeUInt32BE(last, 16);
    return bytes.toString("hex");
  });
  fc.assert(
    fc.property(fc.array(id, { minLength: 1, maxLength: 500 }), (given) => {
      const table = new IdTable(SHA1);
      const numbers = given.map((hex) => table.add(Buffer.from(hex, "hex")));
      const distinct = [...new Set(given)];
      t.is(table.count, distinct.length);
      t.deepEqual(
        numbers,
        given.map((hex) => distinct.indexOf(hex)),
      );
      for (const [number, hex] of distinct.entries()) {
        if (table.hex(number) !== hex) t.fail(hex);
        const order = Math.sign(table.compare(number, 0));
        if (order !== Math.sign(Buffer.from(hex, "hex").compare(Buffer.from(distinct[0]!, "hex"))))
          t.fail(hex);
      }
    }),
    { numRuns: 50 },
  );
  const table = new IdTable(SHA1);
  const random = Array.from({ length: 20_000 }, (_, n) => {
    const bytes = Buffer.alloc(20);
    bytes.writeUInt32LE(Math.imul(n, 0x9e3779b1) >>> 0);
    return bytes;
  });
  for (const [number, bytes] of random.entries()) if (table.add(bytes) !== number) t.fail(`${number}`);
  for (const [number, bytes] of random.entries()) if (table.add(bytes) !== number) t.fail(`${number}`);
});

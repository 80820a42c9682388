import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import test from "ava";
import { makeImage, verifyImage } from "../../../image-builder/index.ts";
import { writeImageLayout } from "../../../image-builder/layout/image-layout.ts";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { objectId } from "../../../reader/git/object.ts";
import { hex } from "../../../reader/git/object-id.ts";
import { readHeader } from "../../../reader/image/header.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { MIB, Parts } from "../../fuzz/hostile/parts.ts";
import { copy, delta, type MadeEntry, ofsDelta, whole } from "../../reader/pack-fixture.ts";
import { encodeTree } from "../../reader/repository.ts";
import { withLayout } from "../../reader/with-layout.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

/**
 * An image whose root names `paths` folders. These have three trees, each a delta on a base of so many bytes
 * of zeroes, of which no cache keeps three.
 */
function dearTrees(baseSize: number, paths: number): Buffer {
  const leaf = whole("blob", "leaf");
  const entries: MadeEntry[] = [leaf];
  const ids = ["a", "b", "c"].map((name) => {
    const tree = encodeTree([{ mode: "100644", name, id: leaf.id }]);
    const base = Buffer.concat([tree, Buffer.alloc(baseSize)]);
    const id = hex(objectId("tree", base, SHA1));
    entries.push({ id, type: 2, data: Buffer.alloc(0), size: base.length, stream: deflateSync(base) });
    const made = ofsDelta(id, delta(base.length, tree.length, copy(0, tree.length)), tree, "tree");
    entries.push(made);
    return made.id;
  });
  const name = (index: number) => `f${String(index).padStart(5, "0")}`;
  const folders = Array.from({ length: paths }, (_, index) => ({
    mode: "40000",
    name: name(index),
    id: ids[index % ids.length] as string,
  }));
  return new Parts(SHA1).imageOfRoot(whole("tree", encodeTree(folders)), entries);
}

test("the work of comparing a layout is bounded, however many paths lead to trees that take long", (t) => {
  const image = dearTrees(4 * MIB, 200);
  const workFactor = 1 / 20;
  t.is(verifyDevice(memoryDevice(image), { workFactor }).verification.objects.tree, 7);
  const laidOut = withLayout(image).image;
  t.true(verifyDevice(memoryDevice(laidOut)).verification.sizes.layout > 0);
  const verify = () => verifyDevice(memoryDevice(laidOut), { workFactor });
  t.throws(verify, { message: /out of all proportion/, code: "TOO_MUCH_WORK" });
});

test("no layout is written that would take more work to verify than is allowed", async (t) => {
  const image = dearTrees(60 * MIB, 100);
  const { commit, packStart, indexOffset } = readHeader(new SectorCache(memoryDevice(image)));
  const folder = temporaryFolder(t);
  const unfinished = {
    image: join(folder, "x.img"),
    packBytes: indexOffset - packStart,
    format: SHA1,
    idx: join(folder, "x.idx"),
  };
  writeFileSync(unfinished.image, image);
  writeFileSync(unfinished.idx, image.subarray(indexOffset));
  await using file = await open(unfinished.image, "r+");
  const written = await writeImageLayout(file, indexOffset, unfinished, { commit, blockSize: 512 });
  t.deepEqual(written, { end: indexOffset, why: "its folders take too much work to read" });
});

test("nothing is left in an image of a layout that was given up", async (t) => {
  const repository = join(temporaryFolder(t), "site");
  mkdirSync(join(repository, "z", ..."vwxyz".split("").map((letter) => letter.repeat(250))), {
    recursive: true,
  });
  // Equal files: their names make a layout far larger than the IDX. The path that is too long comes last.
  const name = (index: number) => `${(index * 7919) % 100_003}-${"name".repeat(30)}`;
  for (let index = 0; index < 12_000; index++) writeFileSync(join(repository, name(index)), "");
  const image = join(temporaryFolder(t), "x.img");
  const result = await makeImage({ repository, image });
  t.true(result.notes.some((note) => note.startsWith("the image has no layout")));
  t.is(statSync(image).size, result.bytes);
  t.is((await verifyImage(image)).sizes.image, result.bytes);
});

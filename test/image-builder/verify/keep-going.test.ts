import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { DamagedImageError, makeImage, verifyImage } from "../../../image-builder/index.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { openImage } from "../opened-image.ts";
import { commitAll, git, writeFiles } from "../sandbox.ts";

test("keepGoing lists every damaged object, and every delta on one", async (t) => {
  const folder = temporaryFolder(t);
  git(folder, ["init", "--quiet", "source"]);
  const source = join(folder, "source");
  const text = Array.from({ length: 500 }, (_, line) => `${line} ${Math.sqrt(line)}`).join("\n");
  writeFiles(source, {
    base: `${text}\nand more`,
    delta: text,
    alone: "alone, and nothing like it",
    other: "other",
  });
  commitAll(source, "Files");
  git(source, ["repack", "-adfq"]);
  const image = join(folder, "x.img");
  await makeImage({ repository: source, image });
  t.deepEqual(await verifyImage(image, { keepGoing: true }), await verifyImage(image));

  const { repository, bytes } = openImage(t, image);
  const entry = (path: string) => {
    const id = git(source, ["rev-parse", `HEAD:${path}`]);
    const format = "%(objectsize:disk) %(deltabase)";
    const [size, base] = git(repository, ["cat-file", `--batch-check=${format}`], `${id}\n`).split(" ");
    const listed = git(repository, ["show-index"], idxOf(bytes)).split("\n");
    const offset = listed.find((line) => line.split(" ")[1] === id)!.split(" ")[0];
    return { id, size: Number(size), base, offset: 28 + Number(offset) };
  };
  const [base, delta, alone] = ["base", "delta", "alone"].map(entry) as [
    ReturnType<typeof entry>,
    ReturnType<typeof entry>,
    ReturnType<typeof entry>,
  ];
  t.is(delta.base, base.id);
  // The checksum at the end of an object's zlib stream.
  for (const { offset, size } of [base, alone]) bytes[offset + size - 1]! ^= 1;
  writeFileSync(image, bytes);
  const error = await t.throwsAsync(verifyImage(image, { keepGoing: true }), {
    instanceOf: DamagedImageError,
  });
  t.is(error.message, (await t.throwsAsync(verifyImage(image))).message);
  const found = error.damages.map(({ fault, object, offset }) => ({ fault, object, offset }));
  t.deepEqual(
    found.toSorted((a, b) => (a.object! < b.object! ? -1 : 1)),
    [
      { fault: "pack-inflate", object: base.id, offset: base.offset },
      // The base is where a delta on it fails.
      { fault: "pack-inflate", object: delta.id, offset: base.offset },
      { fault: "pack-inflate", object: alone.id, offset: alone.offset },
    ].sort((a, b) => (a.object < b.object ? -1 : 1)),
  );
  t.is(error.fault, "pack-inflate");
  t.is(error.offset, Math.min(base.offset, alone.offset));
  t.true(readFileSync(image).equals(bytes));
});

/** The IDX in an image. */
function idxOf(bytes: Buffer): Buffer {
  return bytes.subarray(Number(bytes.readBigUInt64LE(20)));
}

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { DamagedImageError, makeImage, verifyImage } from "../../../image-builder/index.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { openImage } from "../opened-image.ts";
import { commitAll, git, writeFiles } from "../sandbox.ts";

test("every damaged object is told of, and what builds on it", async (t) => {
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
  t.truthy(await verifyImage(image, { keepGoing: true }));

  const { repository, bytes } = openImage(t, image);
  const entry = (path: string) => {
    const id = git(source, ["rev-parse", `HEAD:${path}`]);
    const format = "%(objectsize:disk) %(deltabase)";
    const [size, base] = git(repository, ["cat-file", `--batch-check=${format}`], `${id}\n`).split(" ");
    const listed = git(repository, ["show-index"], idxOf(bytes)).split("\n");
    const offset = listed.find((line) => line.split(" ")[1] === id)!.split(" ")[0];
    return { id, size: Number(size), base, offset: 28 + Number(offset) };
  };
  const [base, delta, alone, other] = ["base", "delta", "alone", "other"].map(entry) as [
    ReturnType<typeof entry>,
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
  t.deepEqual(error.damages.map(({ object }) => object).sort(), [base.id, delta.id, alone.id].sort());
  t.true(error.damages.every(({ fault }) => fault === "pack-inflate"));
  t.false(error.damages.some(({ object }) => object === other.id));
  t.true(readFileSync(image).equals(bytes));
});

/** The IDX in an image. */
function idxOf(bytes: Buffer): Buffer {
  return bytes.subarray(Number(bytes.readBigUInt64LE(20)));
}

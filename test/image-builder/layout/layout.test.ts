import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { makeImage, verifyImage } from "../../../image-builder/index.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import type { HashAlgorithm } from "../../../reader/git/hash.ts";
import { HASH_ALGORITHMS, ID_LENGTHS } from "../../../reader/git/object-format.ts";
import { readHeader } from "../../../reader/image/header.ts";
import { FOOTER_SIZE, readSections, type Section } from "../../../reader/image/sections.ts";
import { connect } from "../../../reader/index.ts";
import { BLOCK_SIZE } from "../../../reader/layout/format.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { git } from "../sandbox.ts";

const DATE = "2020-10-10T08:00:00+00:00";

/** Writes 2,000 files in 20 folders, with links and executables among them. */
function site(t: ExecutionContext): string {
  const folder = join(temporaryFolder(t), "site");
  for (let i = 0; i < 20; i++) {
    mkdirSync(join(folder, `folder ${i}`, "deep"), { recursive: true });
    for (let file = 0; file < 100; file++) {
      const name = file % 3 === 0 ? `deep/page-${file}.html` : `page-${file}.html`;
      writeFileSync(join(folder, `folder ${i}`, name), `<p>${i}, ${file}: ${"text ".repeat(file)}</p>\n`);
    }
  }
  return folder;
}

async function made(
  t: ExecutionContext,
  options: { blockSize?: number; withoutLayout?: boolean; objectFormat?: HashAlgorithm } = {},
) {
  const repository = site(t);
  const image = join(temporaryFolder(t), "x.img");
  const result = await makeImage({ repository, image, date: DATE, ...options });
  return { repository, image, result, bytes: readFileSync(image) };
}

function sectionsOf(bytes: Uint8Array): {
  readonly sections: readonly Section[];
  readonly indexOffset: number;
} {
  const cache = new SectorCache(memoryDevice(bytes));
  const header = readHeader(cache);
  return { sections: readSections(cache, header) ?? [], indexOffset: header.indexOffset };
}

for (const [blockSize, objectFormat] of [
  [512, "sha1"],
  [4096, "sha1"],
  [1536, "sha1"],
  [512, "sha256"],
  [1536, "sha256"],
] as const) {
  test(`make writes a layout in blocks of 4 KiB, with a block size of ${blockSize} (${objectFormat})`, async (t) => {
    const { image, bytes, result } = await made(t, { blockSize, objectFormat });
    const { sections, indexOffset } = sectionsOf(bytes);
    t.deepEqual(
      sections.map(({ type, version }) => [type, version]),
      [["PATH", 1]],
    );
    const { offset, length } = sections[0]!;
    t.is(offset % BLOCK_SIZE, 0);
    t.is(indexOffset % blockSize, 0);
    // The root block is shorter.
    t.true(length > BLOCK_SIZE && length % 512 === 0);
    t.true(length < (20 + ID_LENGTHS[objectFormat]) * 2000 + BLOCK_SIZE, `${length}`);
    t.deepEqual(result.notes, []);
    const { sizes } = await verifyImage(image);
    t.is(sizes.layout, length);
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`the layout is no larger than promised, and reads what the trees read (${format})`, async (t) => {
    const { bytes } = await made(t, { objectFormat: format });
    const notes: string[] = [];
    const frozen = connect(memoryDevice(bytes), { layout: "frozen", onNote: (note) => notes.push(note) });
    const light = connect(memoryDevice(bytes), { layout: "light" });
    const all = (store: typeof light) =>
      Array.from(store.prefix(""), ({ path, type, id }) => [Buffer.from(path).toString(), type, id]);
    t.deepEqual(all(frozen), all(light));
    t.is(all(frozen).length, 2000);
    for (const [path = ""] of all(light)) t.deepEqual(frozen.get(path), light.get(path));
    t.deepEqual(notes, []);
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`without a layout the image is the same but for it (${format})`, async (t) => {
    const [withLayout, without] = [
      await made(t, { objectFormat: format }),
      await made(t, { objectFormat: format, withoutLayout: true }),
    ];
    t.deepEqual(sectionsOf(without.bytes).sections, []);
    t.is(withLayout.result.commit, without.result.commit);
    t.is((await verifyImage(without.image)).sizes.layout, 0);
    const [a, b] = [withLayout, without].map(({ bytes }) => bytes.subarray(sectionsOf(bytes).indexOffset));
    t.deepEqual(a, b);
  });
}

test("an image of few blocks needs no layout", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "a"), "a");
  const image = join(temporaryFolder(t), "x.img");
  await makeImage({ repository: folder, image, date: DATE });
  t.deepEqual(sectionsOf(readFileSync(image)).sections, []);
});

test("a path that is too long for a layout is noted, and the image is whole without", async (t) => {
  for (const [length, isNoted] of [
    [1020, false],
    [1021, true],
  ] as const) {
    const folder = temporaryFolder(t);
    const above = ["d", "e", "f"].map((name) => name.repeat(250)).join("/");
    mkdirSync(join(folder, above), { recursive: true });
    const name = "x".repeat(250);
    const last = join(above, name.slice(0, length - above.length - 2 - 17));
    mkdirSync(join(folder, last));
    for (let i = 0; i < 100; i++) writeFileSync(join(folder, last, `file-${i}`), randomBytes(500));
    const longest = join(last, "y".repeat(length - last.length - 1));
    t.is(longest.length, length);
    writeFileSync(join(folder, longest), "here");
    const image = join(temporaryFolder(t), "x.img");
    const { notes } = await makeImage({ repository: folder, image, date: DATE });
    const note = "the image has no layout, so reading takes longer: a path is longer than 1020 bytes";
    t.deepEqual(notes, isNoted ? [note] : []);
    t.like(await verifyImage(image), { unreachable: 0 });
    const store = connect(memoryDevice(readFileSync(image)), { commit: (await verifyImage(image)).commit });
    t.is(Buffer.from(store.get(longest)).toString(), "here");
  }
});

for (const format of HASH_ALGORITHMS) {
  test(`git takes the PACK of an image with a layout (${format})`, async (t) => {
    const { bytes, result } = await made(t, { objectFormat: format });
    const folder = temporaryFolder(t);
    const repository = join(folder, "look.git");
    git(folder, ["init", "--quiet", "--bare", `--object-format=${format}`, repository]);
    // It may end before it has read what follows the PACK.
    const { status } = spawnSync("git", ["-C", repository, "index-pack", "--strict", "--stdin"], {
      input: bytes.subarray(ID_LENGTHS[format] + 8),
      stdio: ["pipe", "ignore", "ignore"],
    });
    t.is(status, 0);
    t.is(git(repository, ["ls-tree", "-r", result.commit]).trim().split("\n").length, 2000);
  });
}

test("verify finds every byte of the layout that is not as the PACK implies", async (t) => {
  const { bytes } = await made(t);
  const { sections, indexOffset } = sectionsOf(bytes);
  const { offset, length } = sections[0]!;
  const path = join(temporaryFolder(t), "lying.img");
  for (let at = offset + 8; at < offset + length; at += 1987) {
    const lying = Buffer.from(bytes);
    lying[at] = (lying[at] as number) ^ 1;
    const block = lying.subarray(at - ((at - offset) % BLOCK_SIZE), offset + length).subarray(0, BLOCK_SIZE);
    block.writeUInt32BE(crc32(block.subarray(4)));
    writeFileSync(path, lying);
    const error = await t.throwsAsync(verifyImage(path), { instanceOf: InvalidImageError });
    t.is((error as InvalidImageError).fault, "layout", `byte ${at - offset}`);
    // The checksum is at the start of the block.
    t.true(((error as InvalidImageError).offset as number) >= at - ((at - offset) % BLOCK_SIZE));
  }
  const footer = bytes.subarray(indexOffset - FOOTER_SIZE, indexOffset);
  for (const change of [
    // Of the details: a commit, an offset, the number of entries.
    (lying: Buffer) => lying.writeUInt8(1 ^ lying.readUInt8(36), 36),
    (lying: Buffer) => lying.writeUInt8(1 ^ lying.readUInt8(36 + 47), 36 + 47),
    (lying: Buffer) => lying.writeUInt8(1 ^ lying.readUInt8(36 + 63), 36 + 63),
    // The length: one sector less.
    (lying: Buffer) => lying.writeBigUInt64BE(BigInt(length - 512), 12 + 16),
  ]) {
    const lying = Buffer.from(bytes);
    const sealed = Buffer.from(footer);
    change(sealed);
    sealed.writeUInt32BE(crc32(sealed.subarray(0, -4)), FOOTER_SIZE - 4);
    lying.set(sealed, indexOffset - FOOTER_SIZE);
    writeFileSync(path, lying);
    const error = await t.throwsAsync(verifyImage(path), { instanceOf: InvalidImageError });
    t.is((error as InvalidImageError).fault, "layout");
  }
});

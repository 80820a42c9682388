import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { ImageFile, type ImageParts, type ImageShape } from "../../image-builder/image.ts";
import type { OnProgress } from "../../image-builder/index.ts";
import { SHA1 } from "../../reader/node-platform.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { writeFiles } from "./sandbox.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A PACK and an IDX of given lengths; what is in them is not the writer's affair. */
function parts(folder: string, packBytes: number, idxBytes: number, blockSize = 512) {
  const idx = join(folder, "idx");
  writeFileSync(idx, Buffer.alloc(idxBytes, "I"));
  return { packBytes, idx, commit: COMMIT, blockSize };
}

/** Writes an image from its start to its end. */
async function write(
  image: ImageFile,
  made: ImageParts,
  onProgress?: OnProgress,
  signal?: AbortSignal,
): Promise<ImageShape> {
  await image.begin(SHA1);
  for (let offset = 0; offset < made.packBytes; offset += 1_000_000) {
    image.writePack(Buffer.alloc(Math.min(1_000_000, made.packBytes - offset), "P"), offset);
  }
  return await image.complete(made, onProgress, signal);
}

test("an image is header, PACK, zeroes, IDX and zeroes, and a part that ends on a block gets one block more", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "x.img");
  for (const [packBytes, idxBytes, blockSize, indexOffset, size] of [
    [100, 1100, 512, 512, 512 + 1536],
    [484, 1024, 512, 1024, 1024 + 1536],
    [483, 1023, 512, 512, 512 + 1024],
    [1, 1, 4096, 4096, 8192],
    [4096 - 28, 4096, 4096, 8192, 8192 + 8192],
    [3_000_000, 2_000_000, 512, 3_000_320, 3_000_320 + 2_000_384],
  ] as const) {
    const made = parts(folder, packBytes, idxBytes, blockSize);
    await using image = await ImageFile.create(path);
    t.deepEqual(await write(image, made), { packBytes, indexOffset, bytes: size });
    await image.publish();
    const bytes = readFileSync(path);
    const expected = Buffer.alloc(size);
    Buffer.from(COMMIT, "hex").copy(expected);
    expected.writeBigUInt64LE(BigInt(indexOffset), 20);
    expected.fill("P", 28, 28 + packBytes);
    expected.fill("I", indexOffset, indexOffset + idxBytes);
    t.true(bytes.equals(expected), `${packBytes} ${idxBytes} ${blockSize}`);
  }
  t.deepEqual(readdirSync(folder).sort(), ["idx", "x.img"]);
});

test("the end of a PACK that looks like a footer is not where a footer would be", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "x.img");
  for (const [blockSize, indexOffset] of [
    [512, 2048 + 512],
    [1024, 2048 + 1024],
  ] as const) {
    await using image = await ImageFile.create(path);
    await image.begin(SHA1);
    const made = parts(folder, 2000, 1024, blockSize);
    image.writePack(Buffer.alloc(2000, "P"), 0);
    t.is((await image.complete(made)).indexOffset, 2048);
    image.writePack(Buffer.from("docteur\0"), 2048 - 512 - 28);
    t.is((await image.complete(made)).indexOffset, indexOffset);
  }
});

test("sections lie between PACK and IDX, on blocks, and an image that is not complete has no header", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "x.img");
  for (const [bytes, indexOffset] of [
    [0, 512],
    [1, 1024],
    [512, 1024],
    [513, 1536],
  ] as const) {
    await using image = await ImageFile.create(path);
    const sections = async (file: FileHandle, offset: number) => {
      t.is(offset, 512);
      const start = Buffer.alloc(512);
      await file.read(start, 0, 512, 0);
      t.true(start.equals(Buffer.concat([Buffer.alloc(28), Buffer.alloc(100, "P"), Buffer.alloc(384)])));
      await file.write(Buffer.alloc(bytes, "S"), 0, bytes, offset);
      return offset + bytes;
    };
    const shape = await write(image, { ...parts(folder, 100, 10), sections });
    t.deepEqual(shape, { packBytes: 100, indexOffset, bytes: indexOffset + 512 });
    await image.publish();
    const written = readFileSync(path);
    t.is(Number(written.readBigUInt64LE(20)), indexOffset);
    t.is(written.toString("latin1", 512, indexOffset), "S".repeat(bytes).padEnd(indexOffset - 512, "\0"));
    t.is(written.toString("latin1", indexOffset, indexOffset + 11), "IIIIIIIIII\0");
  }
});

test("an image that is not published leaves the old one, and nothing else", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "x.img");
  const made = parts(folder, 10, 10);
  writeFileSync(path, "old");
  {
    await using image = await ImageFile.create(path);
    await write(image, made);
    t.is(readFileSync(path, "utf8"), "old");
    t.is(readdirSync(folder).length, 3);
  }
  t.is(readFileSync(path, "utf8"), "old");
  t.deepEqual(readdirSync(folder).sort(), ["idx", "x.img"]);
});

test("an abort while the image is written leaves nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  const controller = new AbortController();
  const reason = new Error("enough");
  const work = async () => {
    await using image = await ImageFile.create(join(folder, "x.img"));
    await write(image, parts(folder, 10, 5_000_000), () => controller.abort(reason), controller.signal);
  };
  t.is(await t.throwsAsync(work), reason);
  t.deepEqual(readdirSync(folder).sort(), ["idx"]);
});

test("a link to an image stays one, and permissions stay as they were", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "far"));
  writeFileSync(join(folder, "far/x.img"), "old");
  chmodSync(join(folder, "far/x.img"), 0o600);
  symlinkSync("far/x.img", join(folder, "link"));
  await using image = await ImageFile.create(join(folder, "link"));
  await write(image, parts(folder, 10, 10));
  await image.publish();
  t.is(readlinkSync(join(folder, "link")), "far/x.img");
  t.is(statSync(join(folder, "far/x.img")).mode & 0o777, 0o600);
  t.is(statSync(join(folder, "far/x.img")).size, 1024);
  t.deepEqual(readdirSync(join(folder, "far")), ["x.img"]);
});

test("a path where no image can be written is refused", async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, { file: "x" });
  for (const [path, message] of [
    [folder, /it is a folder/],
    [join(folder, "no/x.img"), /the folder .*no does not exist/],
    [join(folder, "file/x.img"), /is not a folder/],
    [join(folder, "new/"), /must not end with a slash/],
    ["/dev/null", /is not a file/],
    ["/proc/x.img", /./],
  ] as const) {
    await failsWith(t, "IMAGE_PATH", () => ImageFile.create(path), message);
  }
  t.deepEqual(readdirSync(folder), ["file"]);
});

test("a name of the greatest length is kept", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "é".repeat(125));
  await using image = await ImageFile.create(path);
  await write(image, parts(folder, 10, 10));
  await image.publish();
  t.true(readdirSync(folder).includes("é".repeat(125)));
});

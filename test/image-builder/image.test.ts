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
import { join } from "node:path";
import test from "ava";
import { ImageFile } from "../../image-builder/image.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { writeFiles } from "./sandbox.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A PACK and an IDX of given lengths; what is in them is not the writer's affair. */
function parts(folder: string, packBytes: number, idxBytes: number, blockSize = 512) {
  const pack = join(folder, "pack");
  const idx = join(folder, "idx");
  writeFileSync(pack, Buffer.alloc(packBytes, "P"));
  writeFileSync(idx, Buffer.alloc(idxBytes, "I"));
  return { pack, idx, commit: COMMIT, blockSize };
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
    t.deepEqual(await image.write(made), { packBytes, indexOffset, bytes: size });
    await image.publish();
    const bytes = readFileSync(path);
    const expected = Buffer.alloc(size);
    Buffer.from(COMMIT, "hex").copy(expected);
    expected.writeBigUInt64LE(BigInt(indexOffset), 20);
    expected.fill("P", 28, 28 + packBytes);
    expected.fill("I", indexOffset, indexOffset + idxBytes);
    t.true(bytes.equals(expected), `${packBytes} ${idxBytes} ${blockSize}`);
  }
  t.deepEqual(readdirSync(folder).sort(), ["idx", "pack", "x.img"]);
});

test("an image that is not published leaves the old one, and nothing else", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "x.img");
  const made = parts(folder, 10, 10);
  writeFileSync(path, "old");
  {
    await using image = await ImageFile.create(path);
    await image.write(made);
    t.is(readFileSync(path, "utf8"), "old");
    t.is(readdirSync(folder).length, 4);
  }
  t.is(readFileSync(path, "utf8"), "old");
  t.deepEqual(readdirSync(folder).sort(), ["idx", "pack", "x.img"]);
});

test("an abort while the image is written leaves nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  const controller = new AbortController();
  const reason = new Error("enough");
  const work = async () => {
    await using image = await ImageFile.create(join(folder, "x.img"));
    await image.write(parts(folder, 5_000_000, 10), () => controller.abort(reason), controller.signal);
  };
  t.is(await t.throwsAsync(work), reason);
  t.deepEqual(readdirSync(folder).sort(), ["idx", "pack"]);
});

test("a link to an image stays one, and permissions stay as they were", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "far"));
  writeFileSync(join(folder, "far/x.img"), "old");
  chmodSync(join(folder, "far/x.img"), 0o600);
  symlinkSync("far/x.img", join(folder, "link"));
  await using image = await ImageFile.create(join(folder, "link"));
  await image.write(parts(folder, 10, 10));
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
  await image.write(parts(folder, 10, 10));
  await image.publish();
  t.true(readdirSync(folder).includes("é".repeat(125)));
});

import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { makeImage, verifyImage } from "../../../image-builder/index.ts";
import { planAnalysis } from "../../../image-builder/verify/plan.ts";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { openFileDevice } from "../../../reader/block/file.ts";
import { DocteurError, InvalidImageError } from "../../../reader/errors.ts";
import type { HashAlgorithm } from "../../../reader/git/hash.ts";
import { HASH_ALGORITHMS, ID_LENGTHS } from "../../../reader/git/object-format.ts";
import { decodeHeader } from "../../../reader/image/header.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { commitAll, git, writeFiles } from "../sandbox.ts";

/** An image of a PACK that is worth several threads, with deltas, and of what does not compress. */
async function largeImage(
  t: ExecutionContext,
  objectFormat: HashAlgorithm = "sha1",
): Promise<{ path: string; bytes: Buffer; packStart: number; indexOffset: number }> {
  const folder = temporaryFolder(t);
  git(folder, ["init", "--quiet", `--object-format=${objectFormat}`, "source"]);
  const source = join(folder, "source");
  const text = Array.from({ length: 5000 }, (_, line) => `line ${line} ${line * line}`).join("\n");
  for (let index = 0; index < 40; index++) {
    writeFiles(source, {
      [`noise/${index}`]: randomBytes(300_000),
      [`text/${index}`]: `${text}\nand ${index}\n`,
    });
  }
  commitAll(source, "Large");
  const path = join(folder, "x.img");
  await makeImage({ repository: source, image: path });
  const bytes = readFileSync(path);
  return { path, bytes, ...decodeHeader(bytes, bytes.length) };
}

for (const objectFormat of HASH_ALGORITHMS) {
  test(`${objectFormat}: an image that is worth several threads is verified to the result of one`, async (t) => {
    const { path } = await largeImage(t, objectFormat);
    using device = withDispose(openFileDevice(path));
    t.is(planAnalysis(path, device, 2)?.threads, 2);
    const expected = await outcome(() => verifyDevice(device).verification);
    for (const inBackground of [false, true]) {
      const seen: [number, number][] = [];
      const onProgress = (done: number, total: number) => seen.push([done, total]);
      t.is(await outcome(() => verifyImage(path, { inBackground, onProgress })), expected);
      t.true(seen.every(([done, total]) => done <= total));
    }
    const { hash, deltas } = await verifyImage(path);
    t.is(hash, objectFormat);
    t.true(deltas > 0);
  });
}

test("an abort ends the threads, whatever its reason is", async (t) => {
  const { path } = await largeImage(t);
  for (const reason of [new Error("enough"), new DocteurError("INTERRUPTED", "enough")]) {
    for (const inBackground of [false, true]) {
      const controller = new AbortController();
      let reports = 0;
      const verified = verifyImage(path, {
        inBackground,
        signal: controller.signal,
        onProgress: () => reports++,
      });
      setImmediate(() => controller.abort(reason));
      t.is(await t.throwsAsync(verified), reason);
      t.true(reports < 3, "it does not go on to the end");
    }
  }
});

for (const objectFormat of HASH_ALGORITHMS) {
  test(`${objectFormat}: several threads find the fault that one finds`, async (t) => {
    const { path, bytes, packStart, indexOffset } = await largeImage(t, objectFormat);
    const offsets =
      indexOffset + 8 + 1024 + (ID_LENGTHS[objectFormat] + 4) * bytes.readUInt32BE(indexOffset + 8 + 255 * 4);
    const all = [
      packStart - 8, // the index offset
      packStart, // the PACK's signature
      packStart + 4, // its version
      packStart + 12, // its first entry
      packStart + Math.floor(indexOffset / 2),
      indexOffset - 512, // its trailer, or the padding after it
      indexOffset, // the IDX's signature
      indexOffset + 8 + 255 * 4 + 3, // its count
      offsets + 3, // one of its offsets
      bytes.length - 600, // its checksums, or the padding after them
    ];
    // Each is verified three times. By SHA-256 a third of them shows that all is looked for where it lies.
    for (const at of objectFormat === "sha1" ? all : all.filter((_, i) => i % 3 === 2)) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x10;
      writeFileSync(path, damaged);
      using device = withDispose(openFileDevice(path));
      const expected = await outcome(() => verifyDevice(device).verification);
      t.is(await outcome(() => verifyImage(path)), expected, `${at}`);
      t.is(await outcome(() => verifyImage(path, { inBackground: true })), expected, `${at}, in background`);
    }
  });
}

async function outcome(verify: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await verify());
  } catch (error) {
    if (error instanceof InvalidImageError) return `${error.fault}: ${error.message}`;
    throw error;
  }
}

function withDispose<Device extends { close(): void }>(device: Device): Device & Disposable {
  return Object.assign(device, { [Symbol.dispose]: () => device.close() });
}

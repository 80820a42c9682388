import { randomBytes } from "node:crypto";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { openFileDevice } from "../../reader/block/file.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { connect } from "../../reader/store/connect.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { openImage, reachedObjects } from "./opened-image.ts";
import { commitAll, git, writeFiles } from "./sandbox.ts";

const MIB = 1024 * 1024;

/** More than `serve` reads of a file that is stored as a delta. */
const LARGE_BYTES = 65 * MIB;

/** Bytes that compress to little in no time, with an end of their own. */
function content(size: number, end: string): Buffer {
  return Buffer.concat([Buffer.alloc(size, BLOCK), Buffer.from(end)]);
}
const BLOCK = randomBytes(4096);

for (const [what, size] of [
  ["another as large", LARGE_BYTES],
  ["its beginning", 3 * MIB],
] as const)
  for (const format of HASH_ALGORITHMS) {
    test(`a large file and ${what}, of which the repository has one as a delta of the other, are packed undeltified (${format})`, async (t) => {
      const folder = temporaryFolder(t);
      const source = join(folder, "source");
      git(folder, ["init", "--quiet", `--object-format=${format}`, "source"]);
      writeFiles(source, { "b.bin": content(LARGE_BYTES, "b"), "a.bin": content(size, "a"), "c.txt": "c" });
      const commit = commitAll(source, "Alike");
      git(source, ["-c", "core.bigFileThreshold=1g", "repack", "-adfq", "--window=10", "--depth=5"]);
      const check = "--batch-check=%(objectname) %(deltabase)";
      const listed = git(source, ["cat-file", "--batch-all-objects", check]);
      t.regex(listed, / (?!0{40})[0-9a-f]{40,}$/m, "git made a delta");

      const image = join(folder, "x.img");
      await makeImage({ repository: source, image });
      t.deepEqual(openImage(t, image).objects, reachedObjects(source, commit));
      const store = connect(openFileDevice(image));
      for (const name of ["a.bin", "b.bin"]) t.not(store.openCompressed(name), undefined, name);
      store.close();
    });
  }

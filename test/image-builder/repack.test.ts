import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../image-builder/index.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { openImage, reachedObjects } from "./opened-image.ts";
import { commitAll, git, writeFiles } from "./sandbox.ts";

/** Thirty versions of a file, in a repository of its own that is packed with these options. */
function packed(
  folder: string,
  format: HashAlgorithm,
  options: readonly string[],
): { source: string; commit: string } {
  const source = join(folder, "source");
  git(folder, ["init", "--quiet", `--object-format=${format}`, "source"]);
  let lines = Array.from({ length: 400 }, (_, line) => `line ${line}: ${Math.sqrt(line)}`);
  for (let file = 0; file < 30; file++) {
    lines = lines.with(file * 7, `changed in ${file}: ${Math.sqrt(file + 1000)}`);
    writeFiles(source, { [`folder/${file}.txt`]: lines.join("\n") });
  }
  const commit = commitAll(source, "Similar");
  git(source, ["repack", "-adfq", ...options]);
  return { source, commit };
}

for (const [how, options, isReused] of [
  ["in long chains, more tightly than here", ["--window=100", "--depth=50"], true],
  ["without deltas", ["--window=0", "--depth=0"], false],
] as const)
  for (const format of HASH_ALGORITHMS) {
    test(`--repack of a repository that is packed ${how} gives the smaller of both PACKs (${format})`, async (t) => {
      const folder = temporaryFolder(t);
      const { source, commit } = packed(folder, format, options);
      const image = join(folder, "x.img");
      const reused = await makeImage({ repository: source, image });
      const repacked = await makeImage({ repository: source, image, repack: true, compression: "default" });
      t.is(reused.packBytes < repacked.packBytes, isReused);
      t.deepEqual(repacked.notes, []);
      const smaller = await makeImage({ repository: source, image, repack: true });
      // Git's threads may give another PACK each time that the repository's own is reused.
      if (isReused) t.true(smaller.packBytes < repacked.packBytes);
      else t.is(smaller.packBytes, repacked.packBytes);
      t.is(smaller.bytes, readFileSync(image).length);
      t.deepEqual(openImage(t, image).objects, reachedObjects(source, commit));
      if (!isReused) return t.deepEqual(smaller.notes, []);
      const larger = ((repacked.packBytes / smaller.packBytes - 1) * 100).toFixed(1);
      t.deepEqual(smaller.notes, [
        `repacked it would be ${larger}% larger, so the repository's own deltas and streams are reused (--compression default repacks all the same)`,
      ]);
    });
  }

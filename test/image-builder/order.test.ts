import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { makeImage, verifyImage } from "../../image-builder/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { openImage, reachedObjects } from "./opened-image.ts";
import { hasOrder, verifiedEntries } from "./pack-order.ts";
import { commitAll, git, writeFiles } from "./sandbox.ts";

const CHILD = join(import.meta.dirname, "make-in-child.ts");

/** Versions of a page in several folders, names that git sorts in its own way, and some of each other kind. */
function writeSite(folder: string, versions: number): void {
  let lines = Array.from({ length: 300 }, (_, line) => `line ${line}: ${Math.sqrt(line)}`);
  for (let version = 0; version < versions; version++) {
    lines = lines.with((version * 7) % 300, `changed in ${version}: ${Math.sqrt(version + 1000)}`);
    const name = `${(version * 37) % 101}`;
    writeFiles(folder, { [`v${version % 4}/deep/${name}.html`]: lines.join("\n") });
  }
  writeFiles(folder, {
    "a/z": "z",
    "a.b": "between a/ and a0",
    "a-b": "before a.b",
    a0: "zero",
    "twice/one": "the same",
    "again/two": "the same",
    big: randomBytes(5_000_000),
    "v1/copy/deep/1.html": "one",
    "w/copy/deep/1.html": "one",
  });
  mkdirSync(join(folder, "c"), { recursive: true });
  writeFiles(folder, { "c/.keep": "" });
  symlinkSync("a/z", join(folder, "link"));
}

for (const compression of ["fast", "default", "best"] as const) {
  test(`the PACK of a folder has commit, trees and blobs in the order of paths (${compression})`, async (t) => {
    const folder = temporaryFolder(t);
    const site = join(folder, "site");
    writeSite(site, 60);
    mkdirSync(join(site, "empty"));
    const image = join(folder, "x.img");
    await makeImage({ repository: site, image, compression });
    const entries = hasOrder(t, openImage(t, image));
    t.is(
      entries.some(({ depth }) => depth > 0),
      compression !== "fast",
    );
    await verifyImage(image);
  });
}

for (const [how, args, options] of [
  ["in chains of 50", ["--window=100", "--depth=50"], {}],
  ["in chains of 200, which are cut at 50", ["--window=250", "--depth=200"], {}],
  ["without deltas", ["--window=0", "--depth=0"], {}],
  ["in chains of 50, with --repack", ["--window=100", "--depth=50"], { repack: true }],
  ["without deltas, with --repack", ["--window=0", "--depth=0"], { repack: true }],
  ["anyhow, and repacked", ["--window=5"], { repack: true, compression: "default" }],
] as const) {
  test(`the PACK of a repository that is packed ${how} has trees, then blobs in the order of paths`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    git(folder, ["init", "--quiet", "source"]);
    writeSite(source, 240);
    const commit = commitAll(source, "Similar");
    git(source, ["repack", "-adfq", ...args]);
    const image = join(folder, "x.img");
    await makeImage({ repository: source, image, ...options });
    const opened = openImage(t, image);
    const entries = hasOrder(t, opened);
    t.deepEqual(opened.objects, reachedObjects(source, commit));
    const depths = entries.map(({ depth }) => depth);
    if (args[1] === "--depth=50" && !("repack" in options)) {
      const before = verifiedEntries(join(source, ".git"));
      t.is(Math.max(...depths), Math.max(...before.map(({ depth }) => depth)));
    }
    t.true(Math.max(...depths) <= 50);
    await verifyImage(image);
  });
}

test("a folder gives the same image with one CPU and with several", async (t) => {
  t.timeout(300_000);
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  // Several parts of 64 MiB; a hash a line, which takes little time to compress.
  for (let file = 0; file < 700; file++) {
    const line = createHash("sha512")
      .update(`${file % 650}`)
      .digest("base64");
    writeFiles(site, { [`${file % 9}/${file}.txt`]: `${line}\n`.repeat(2400).concat(`${file % 650}`) });
  }
  const images: Buffer[] = [];
  for (const taskset of [
    ["-c", "0"],
    ["-c", "0-1023"],
  ]) {
    const image = join(folder, "x.img");
    const temporary = join(folder, "tmp");
    mkdirSync(temporary, { recursive: true });
    const env = { ...process.env, TMPDIR: temporary };
    await promisify(execFile)("taskset", [...taskset, process.execPath, CHILD, site, image], { env });
    t.deepEqual(readdirSync(temporary), []);
    images.push(readFileSync(image));
  }
  t.true(images[0]!.equals(images[1]!));
});

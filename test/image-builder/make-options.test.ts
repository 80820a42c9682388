import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { COMPRESSIONS, makeImage, verifyImage } from "../../image-builder/index.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { listTree, openImage, reachedObjects } from "./opened-image.ts";
import { commitAll, git, sampleRepository, writeFiles } from "./sandbox.ts";

const date = "2020-10-10T08:00:00+00:00";

function sha512(text: string): string {
  return createHash("sha512").update(text).digest("hex");
}

/** Files that are much like one another, so that there are deltas to be found. */
function similarFiles(): Record<string, string> {
  let lines = Array.from({ length: 400 }, (_, line) => `${line} ${Math.sqrt(line)}`);
  const files: Record<string, string> = {};
  // Each is most like the one before.
  for (let file = 0; file < 30; file++) {
    lines = lines.with(file * 7, `changed in ${file}: ${Math.sqrt(file + 1000)}`);
    files[`folder/${file}.txt`] = lines.join("\n");
  }
  return files;
}

for (const format of HASH_ALGORITHMS) {
  test(`a higher compression makes a smaller image of the same commit, in chains as short as it promises (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(join(folder, "files"), similarFiles());
    const sizes: number[] = [];
    const commits = new Set<string>();
    for (const compression of ["fast", "default", "best"] as const) {
      const image = join(folder, `${compression}.img`);
      const made = await makeImage({
        repository: join(folder, "files"),
        image,
        date,
        compression,
        objectFormat: format,
      });
      const { deltas, longestChain } = await verifyImage(image);
      t.true(longestChain <= COMPRESSIONS[compression].depth);
      t.is(deltas === 0, compression === "fast");
      commits.add(made.commit);
      sizes.push(made.packBytes);
    }
    t.is(commits.size, 1);
    t.true(sizes[0]! > sizes[1]! && sizes[1]! >= sizes[2]!, `${sizes}`);
  });
}

test("the second of two versions of a folder takes hardly any space", async (t) => {
  const folder = temporaryFolder(t);
  const page = (text: string) =>
    Array.from({ length: 20 }, (_, part) => sha512(`${text} ${part}`)).join("\n");
  for (let n = 0; n < 60; n++) {
    writeFiles(folder, {
      [`one/1.0/sub/page-${n}`]: page(`page ${n}`),
      [`two/1.0/sub/page-${n}`]: page(`page ${n}`),
      [`two/next/sub/page-${n}`]: `${page(`page ${n}`)}\nnext ${n}`,
    });
  }
  const image = join(folder, "x.img");
  const one = await makeImage({ repository: join(folder, "one"), image, date });
  const two = await makeImage({ repository: join(folder, "two"), image, date });
  t.true(two.packBytes < 1.1 * one.packBytes, `${two.packBytes} ${one.packBytes}`);
  await verifyImage(image);
});

for (const format of ["sha1"] as const) {
  test(`without deltas, every object of a folder and of a repository is stored undeltified (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    git(folder, ["init", "--quiet", `--object-format=${format}`, "source"]);
    writeFiles(source, similarFiles());
    const commit = commitAll(source, "Similar");
    git(source, ["repack", "-adfq"]);
    writeFiles(join(folder, "files"), similarFiles());
    const image = join(folder, "x.img");
    for (const options of [
      { repository: source },
      { repository: join(folder, "files"), objectFormat: format },
    ]) {
      const { packBytes } = await makeImage({ ...options, image, date });
      t.true((await verifyImage(image)).deltas > 0);
      const made = await makeImage({ ...options, image, date, withoutDeltas: true });
      t.is((await verifyImage(image)).deltas, 0);
      t.true(made.packBytes > packBytes);
    }
    await makeImage({ repository: source, image, withoutDeltas: true });
    t.deepEqual(openImage(t, image).objects, reachedObjects(source, commit));
  });
}

for (const format of ["sha1"] as const) {
  test(`a repository's deltas are reused, unless it is repacked (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    git(folder, ["init", "--quiet", `--object-format=${format}`, "source"]);
    const source = join(folder, "source");
    writeFiles(source, similarFiles());
    const commit = commitAll(source, "Similar");
    git(source, ["repack", "-adfq", "--window=40", "--depth=30"]);
    const image = join(folder, "x.img");
    await makeImage({ repository: source, image });
    t.true((await verifyImage(image)).longestChain > 5);
    for (const compression of ["default", "fast"] as const) {
      const images: Buffer[] = [];
      for (let round = 0; round < 2; round++) {
        await makeImage({ repository: source, image, repack: true, compression });
        images.push(readFileSync(image));
      }
      t.true((await verifyImage(image)).longestChain <= COMPRESSIONS[compression].depth);
      t.deepEqual(openImage(t, image).objects, reachedObjects(source, commit));
      t.true(images[0]!.equals(images[1]!));
    }
  });
}

for (const format of ["sha1"] as const) {
  test(`a folder and a date give one image, bit for bit, whatever the order in which its files were written (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const files = similarFiles();
    const images: Buffer[] = [];
    for (const [name, entries] of [
      ["a", Object.entries(files)],
      ["b", Object.entries(files).reverse()],
      ["a", []],
    ] as const) {
      writeFiles(join(folder, name), Object.fromEntries(entries));
      const image = join(folder, "x.img");
      await makeImage({ repository: join(folder, name), image, date, objectFormat: format });
      images.push(readFileSync(image));
    }
    t.true(images[0]!.equals(images[1]!));
    t.true(images[0]!.equals(images[2]!));
  });
}

for (const format of ["sha1"] as const) {
  test(`a note counts uncommitted changes, and --worktree packs them (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { second } = sampleRepository(source, format);
    const image = join(folder, "x.img");
    t.deepEqual((await makeImage({ repository: source, image })).notes, []);
    writeFiles(source, { "README.md": "changed\n", new: "new\n" });
    const index = readFileSync(join(source, ".git/index"));
    const made = await makeImage({ repository: source, image });
    t.is(made.commit, second);
    t.deepEqual(made.notes, [
      "2 uncommitted changes in the work tree: the image has the commit (--worktree packs the files as they are)",
    ]);
    t.true(readFileSync(join(source, ".git/index")).equals(index));
    t.deepEqual((await makeImage({ repository: source, image, ref: "other" })).notes, []);
    const lying = await makeImage({ repository: source, image, worktree: true, date, objectFormat: format });
    t.is(lying.source, "folder");
    const tree = git(source, ["-C", openImage(t, image).repository, "show", `${lying.commit}:README.md`]);
    t.is(tree, "changed");
  });
}

test("the image itself is no uncommitted change, whatever it is called", async (t) => {
  const source = join(temporaryFolder(t), "source");
  sampleRepository(source);
  mkdirSync(join(source, "out"));
  for (const name of ["x.img", "out/[a] *?.img", ":(top)x"]) {
    const image = join(source, name);
    for (const round of ["first", "second"]) {
      t.deepEqual((await makeImage({ repository: source, image })).notes, [], `${name}, ${round}`);
    }
    rmSync(image);
  }
});

for (const format of ["sha1"] as const) {
  test(`--exclude leaves files out by name and by path, and a note counts them (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const files = join(folder, "files");
    writeFiles(files, { "a.txt": "a", "b.o": "b", "sub/c.o": "c", "sub/d.txt": "d", "out/e.txt": "e" });
    mkdirSync(join(files, "empty"));
    const image = join(folder, "x.img");
    const made = await makeImage({
      repository: files,
      image,
      objectFormat: format,
      exclude: ["*.o", "/out"],
    });
    const { repository, commit } = openImage(t, image);
    const names = listTree(repository, commit).map((line) => line.split("\t")[1]);
    t.deepEqual(names, ["a.txt", "empty", "sub", "sub/d.txt"]);
    t.deepEqual(made.notes, ["3 files and folders are left out: --exclude"]);
    t.like(made, { files: 2, fileBytes: 2, bytes: statSync(image).size });
  });
}

import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { makeImage, verifyImage } from "../../image-builder/index.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { NODE_FORMATS } from "../../reader/node-platform.ts";
import { generatedTree, writeGenerated } from "../reader/generated-tree.ts";
import { Repository } from "../reader/repository.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { listTree, openImage, reachedObjects } from "./opened-image.ts";
import { commitAll, git, sampleRepository, writeFiles } from "./sandbox.ts";

for (const format of HASH_ALGORITHMS) {
  test(`an image has the commit without its history, git's IDX, and the objects as git has them (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const repository = join(folder, "repository");
    const { second } = sampleRepository(repository, format);
    const image = join(folder, "x.img");
    const made = await makeImage({ repository, image });
    t.like(made, {
      commit: second,
      source: "repository",
      image,
      notes: [],
      bytes: readFileSync(image).length,
    });
    const opened = openImage(t, image);
    t.is(opened.commit, second);
    t.deepEqual(opened.objects, reachedObjects(repository, second));
    const { idx, indexOffset, bytes } = opened;
    t.deepEqual(bytes.subarray(indexOffset, indexOffset + idx.length), idx);
    t.deepEqual(listTree(opened.repository, second), listTree(repository, second));
    t.is(git(opened.repository, ["fsck", "--strict", "--full"]), "");
    const { objects, sizes, message, author, unreachable } = await verifyImage(image);
    t.deepEqual(objects, { commit: 1, tree: 3, blob: 2, tag: 0 });
    t.is(sizes.pack, made.packBytes);
    t.like(
      { message, author, unreachable },
      { message: "Second\n", author: { name: "Ada" }, unreachable: 0 },
    );
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`an image contains exactly what the tree contains (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const image = join(folder, "x.img");
    await fc.assert(
      fc.asyncProperty(generatedTree, async (entries) => {
        using repository = new Repository(NODE_FORMATS[format]);
        const commit = writeGenerated(repository, entries);
        repository.git(["update-ref", "refs/heads/main", commit]);
        await makeImage({ repository: repository.path, image, ref: "main" });
        const opened = openImage(t, image);
        t.deepEqual(opened.objects, reachedObjects(repository.path, commit));
        t.deepEqual(listTree(opened.repository, commit), listTree(repository.path, commit));
        t.is((await verifyImage(image)).unreachable, 0);
      }),
      { numRuns: 6 },
    );
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`every form of a local repository is read (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const work = join(folder, "with space");
    const { first, second, other } = sampleRepository(work, format);
    git(folder, ["clone", "--quiet", "--bare", work, "bare.git"]);
    git(folder, ["clone", "--quiet", "--depth=1", `file://${work}`, "shallow"]);
    git(folder, ["clone", "--quiet", "--shared", work, "alternates"]);
    git(work, ["worktree", "add", "--quiet", "../worktree", "other"]);
    git(folder, ["clone", "--quiet", work, "super"]);
    git(join(folder, "super"), ["submodule", "--quiet", "add", work, "module"]);
    git(folder, ["clone", "--quiet", "--separate-git-dir", "separate.git", work, "separated"]);
    const image = join(folder, "x.img");
    for (const [repository, commit] of [
      [work, second],
      [join(work, ".git"), second],
      [`file://${work.replaceAll(" ", "%20")}`, second],
      [join(folder, "bare.git"), second],
      [join(folder, "shallow"), second],
      [join(folder, "alternates"), second],
      [join(folder, "worktree"), other],
      [join(folder, "super/module"), second],
      [join(folder, "separated"), second],
    ] as const) {
      const made = await makeImage({ repository, image });
      t.is(made.commit, commit, repository);
      t.deepEqual(openImage(t, image).objects, reachedObjects(work, commit), repository);
    }
    // A submodule is recorded and not fetched.
    const commit = commitAll(join(folder, "super"), "With a module");
    await makeImage({ repository: join(folder, "super"), image });
    const opened = openImage(t, image);
    t.true(
      listTree(opened.repository, commit).some((record) => record.startsWith(`160000 commit ${second}`)),
    );
    t.is((await verifyImage(image)).objects.commit, 1);
    t.not(first, second);
  });
}

for (const format of ["sha1"] as const) {
  test(`a repository is only read, whatever is in its name (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, `it's "a:b" \\ c`);
    const { second } = sampleRepository(source, format);
    git(source, ["repack", "-adq"]);
    const folders = ["objects", "objects/pack", "objects/info", ""].map((path) => join(source, ".git", path));
    for (const path of folders) utimesSync(path, 1, 1);
    const image = join(folder, "x.img");
    for (const repack of [false, true]) {
      t.is((await makeImage({ repository: source, image, repack })).commit, second);
      t.deepEqual(openImage(t, image).objects, reachedObjects(source, second));
    }
    for (const path of folders) t.is(statSync(path).mtimeMs, 1000, path);
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`packs, a commit graph, bitmaps, a replaced commit and grafts do not change the commit of the image (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const { first, second } = sampleRepository(folder, format);
    const image = join(folder, "..", `${folder.split("/").at(-1)}.img`);
    t.teardown(() => rmSync(image, { force: true }));
    const expected = reachedObjects(folder, second);
    const check = async (what: string) => {
      t.is((await makeImage({ repository: folder, image })).commit, second, what);
      t.deepEqual(openImage(t, image).objects, expected, what);
    };
    git(folder, ["repack", "-adq", "--write-bitmap-index"]);
    git(folder, ["commit-graph", "write", "--reachable"]);
    await check("bitmaps and commit graph");
    git(folder, ["replace", second, first]);
    git(folder, ["replace", `${second}:README.md`, `${first}:README.md`]);
    await check("replaced");
    writeFileSync(join(folder, ".git/info/grafts"), `${second}\n`);
    await check("grafted");
    writeFileSync(
      join(folder, ".git/config"),
      "[pack]\n\tpackSizeLimit = 1m\n\tindexVersion = 1\n\tdepth = 0\n",
      {
        flag: "a",
      },
    );
    await check("own settings");
  });
}

test("a repository of another object format than is asked for, or an empty one, is refused", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "x.img");
  git(folder, ["init", "--quiet", "empty"]);
  await failsWith(
    t,
    "EMPTY_REPOSITORY",
    () => makeImage({ repository: join(folder, "empty"), image }),
    /no commit yet/,
  );

  git(folder, ["init", "--quiet", "--object-format=sha256", "sha256"]);
  writeFiles(folder, { "sha256/a": "a" });
  commitAll(join(folder, "sha256"), "A");
  await failsWith(
    t,
    "OBJECT_FORMAT",
    () => makeImage({ repository: join(folder, "sha256"), image, objectFormat: "sha1" }),
    /sha256 is a sha256 repository, .*: leave out --object-format sha1/,
  );

  sampleRepository(join(folder, "unborn"));
  git(join(folder, "unborn"), ["symbolic-ref", "HEAD", "refs/heads/nowhere"]);
  await failsWith(
    t,
    "REF_NOT_FOUND",
    () => makeImage({ repository: join(folder, "unborn"), image }),
    /-b; .*main/,
  );

  writeFiles(folder, { "fake/.git/HEAD": "nonsense" });
  await failsWith(
    t,
    "NOT_A_REPOSITORY",
    () => makeImage({ repository: join(folder, "fake"), image }),
    /fake\/\.git/,
  );
  t.false(readdirSync(folder).includes("x.img"));
});

for (const format of ["sha1"] as const) {
  test(`a repository that lacks an object of the commit is refused (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    sampleRepository(join(folder, "repository"), format);
    const blob = git(join(folder, "repository"), ["rev-parse", "HEAD:README.md"]);
    const tree = git(join(folder, "repository"), ["rev-parse", "HEAD:src"]);
    const root = git(join(folder, "repository"), ["rev-parse", "HEAD^{tree}"]);
    const image = join(folder, "x.img");
    for (const missing of [blob, tree, root]) {
      rmSync(join(folder, "repository/.git/objects", missing.slice(0, 2), missing.slice(2)), { force: true });
      for (const repack of [false, true]) {
        const make = () => makeImage({ repository: join(folder, "repository"), image, repack });
        await failsWith(t, "INCOMPLETE_REPOSITORY", make, /lacks an object/);
      }
    }
    t.deepEqual(readdirSync(folder), ["repository"]);
  });
}

test("a folder that looks like a bare repository is a folder, and options without effect get a note", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "site/objects"), { recursive: true });
  mkdirSync(join(folder, "site/refs"));
  writeFiles(folder, { "site/HEAD": "the head of the site" });
  const image = join(folder, "x.img");
  t.is((await makeImage({ repository: join(folder, "site"), image })).source, "folder");
  sampleRepository(join(folder, "repository"));
  const repository = join(folder, "repository");
  const made = await makeImage({ repository, image, date: "2020-10-10T08:00:00Z", author: "A <b>" });
  t.is(made.notes.length, 2);
  t.regex(made.notes.join("\n"), /-d has no effect\n.*--author has no effect/);
});

test.serial(
  "git's variables of a hook and settings that name another repository have no effect",
  async (t) => {
    const folder = temporaryFolder(t);
    const { second } = sampleRepository(join(folder, "one"));
    git(folder, ["init", "--quiet", "two"]);
    const before = { ...process.env };
    t.teardown(() => {
      process.env = before;
    });
    Object.assign(process.env, {
      GIT_DIR: join(folder, "two/.git"),
      GIT_INDEX_FILE: join(folder, "index"),
      GIT_DEFAULT_HASH: "sha256",
      GIT_TRACE: "1",
    });
    const image = join(folder, "x.img");
    t.is((await makeImage({ repository: join(folder, "one"), image })).commit, second);
    renameSync(join(folder, "one/.git"), join(folder, "git"));
    cpSync(join(folder, "git"), join(folder, "one/.gone"), { recursive: true });
    t.is((await makeImage({ repository: join(folder, "one"), image })).source, "folder");
  },
);

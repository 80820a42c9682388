import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import { isolateRepository } from "../../../image-builder/source/isolated-repository.ts";
import { HASH_ALGORITHMS } from "../../../reader/git/object-format.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { failsWith } from "../failure.ts";
import { otherThan } from "../formats.ts";
import { openImage, reachedObjects } from "../opened-image.ts";
import { git, sampleRepository, writeFiles } from "../sandbox.ts";

test("an isolated repository has refs, objects and index, and no foreign settings", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  sampleRepository(source);
  git(source, ["pack-refs", "--all"]);
  git(source, ["tag", "loose"]);
  git(source, ["config", "alias.st", "status"]);
  git(source, ["config", "core.fileMode", "false"]);
  mkdirSync(join(folder, "into"));
  const { gitDir } = await isolateRepository(join(source, ".git"), join(folder, "into"));
  const run = (...args: string[]) => git(folder, [`--git-dir=${gitDir}`, ...args]);
  t.is(run("for-each-ref"), git(source, ["for-each-ref"]));
  t.is(run("rev-parse", "HEAD", "main@{0}"), git(source, ["rev-parse", "HEAD", "main@{0}"]));
  t.is(run("ls-files", "--stage"), git(source, ["ls-files", "--stage"]));
  t.is(run("rev-list", "--objects", "--all"), git(source, ["rev-list", "--objects", "--all"]));
  t.deepEqual(run("config", "--local", "--list").split("\n").sort(), [
    "core.bare=true",
    "core.filemode=false",
    "core.repositoryformatversion=0",
  ]);
});

/**
 * Repositories that git reads, each from one that has a commit. Those that this git cannot make are left out.
 */
const SHAPES: Readonly<Record<string, (folder: string, source: string) => string>> = {
  "a .git that is a symbolic link": (folder, source) => {
    renameSync(join(source, ".git"), join(folder, "git"));
    symlinkSync("../git", join(source, ".git"));
    return source;
  },
  "a .git file with a relative path and Windows' line end": (folder, source) => {
    renameSync(join(source, ".git"), join(folder, "git"));
    writeFileSync(join(source, ".git"), "gitdir: ../git\r\n");
    return source;
  },
  "alternates, relative to the objects": (folder, source) => {
    git(folder, ["clone", "--quiet", "--shared", "--bare", source, "borrower.git"]);
    writeFileSync(join(folder, "borrower.git/objects/info/alternates"), "../../source/.git/objects\n");
    return join(folder, "borrower.git");
  },
  "a HEAD that is a symbolic link": (_, source) => {
    rmSync(join(source, ".git/HEAD"));
    symlinkSync("refs/heads/main", join(source, ".git/HEAD"));
    return source;
  },
  "refs, objects and packed refs that are symbolic links": (folder, source) => {
    git(source, ["pack-refs", "--all"]);
    for (const name of ["objects", "refs", "packed-refs"]) {
      cpSync(join(source, ".git", name), join(folder, name), { recursive: true });
      rmSync(join(source, ".git", name), { recursive: true });
      symlinkSync(join(folder, name), join(source, ".git", name));
    }
    return source;
  },
  "a linked work tree of a bare repository, with settings of its own": (folder, source) => {
    git(folder, ["clone", "--quiet", "--bare", source, "bare.git"]);
    git(join(folder, "bare.git"), ["config", "extensions.worktreeConfig", "true"]);
    git(join(folder, "bare.git"), ["worktree", "add", "--quiet", "--detach", "../linked", "main"]);
    git(join(folder, "linked"), ["config", "--worktree", "core.bare", "false"]);
    return join(folder, "linked");
  },
  "a sparse checkout": (_, source) => {
    git(source, ["sparse-checkout", "set", "--cone", "docs"]);
    return source;
  },
  "a work tree without a file of its index": (_, source) => {
    rmSync(join(source, ".git/index"));
    return source;
  },
  "second names of objects, by another hash function": (_, source) => {
    const format = git(source, ["rev-parse", "--show-object-format"]);
    git(source, ["config", "core.repositoryFormatVersion", "1"]);
    writeFileSync(
      join(source, ".git/config"),
      `[extensions]\n\tcompatObjectFormat = ${otherThan(format)}\n`,
      {
        flag: "a",
      },
    );
    return source;
  },
  "refs in a reftable": (folder, source) => {
    git(folder, ["clone", "--quiet", "--ref-format=reftable", source, "reftable"]);
    return join(folder, "reftable");
  },
  "a linked work tree, refs in a reftable": (folder, source) => {
    git(folder, ["clone", "--quiet", "--ref-format=reftable", source, "reftable"]);
    git(join(folder, "reftable"), ["worktree", "add", "--quiet", "--detach", "../linked", "main"]);
    return join(folder, "linked");
  },
};

for (const [shape, make] of Object.entries(SHAPES))
  for (const format of HASH_ALGORITHMS) {
    test(`read as git reads it: ${shape} (${format})`, async (t) => {
      const folder = temporaryFolder(t);
      const source = join(folder, "source");
      const { second } = sampleRepository(source, format);
      const objects = reachedObjects(source, second);
      let repository: string;
      try {
        repository = make(folder, source);
      } catch (error) {
        t.regex(String(error), /unknown option .ref-format/);
        return;
      }
      const image = join(folder, "x.img");
      t.is((await makeImage({ repository, image })).commit, second);
      t.deepEqual(openImage(t, image).objects, objects);
    });
  }

test("settings that git cannot read, or that are no file, are refused", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  sampleRepository(source);
  const config = join(source, ".git/config");
  const image = join(folder, "x.img");
  const make = () => makeImage({ repository: source, image });
  const before = readFileSync(config);
  writeFileSync(config, "[core\n");
  await failsWith(t, "NOT_A_REPOSITORY", make, /bad config line 1 in file .*source\/\.git\/config$/);
  rmSync(config);
  mkdirSync(config);
  await failsWith(t, "NOT_A_REPOSITORY", make, /\.git\/config/);
  rmSync(config, { recursive: true });
  symlinkSync("/dev/zero", config);
  await failsWith(t, "NOT_A_REPOSITORY", make, /\.git\/config/);
  rmSync(config);
  writeFileSync(config, before);
  git(source, ["config", "core.repositoryFormatVersion", "1"]);
  git(source, ["config", "extensions.yetToBeInvented", "x"]);
  await failsWith(t, "NOT_A_REPOSITORY", make, /source\/\.git/);
});

test("git's messages name the repository that the user knows", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  sampleRepository(source);
  writeFiles(source, { ".git/packed-refs": "nonsense" });
  const make = () => makeImage({ repository: source, image: join(folder, "x.img") });
  const { message } = await failsWith(t, "NOT_A_REPOSITORY", make);
  t.true(message.endsWith(`${source}/.git/packed-refs: nonsense`), message);
});

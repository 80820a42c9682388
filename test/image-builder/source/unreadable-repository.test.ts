import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import { unreadableRepository } from "../../../image-builder/source/unreadable-repository.ts";
import { HASH_ALGORITHMS } from "../../../reader/git/object-format.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { failsWith } from "../failure.ts";
import { git, sampleRepository, writeFiles } from "../sandbox.ts";

const SECRET = "https://user:SECRET@example.com/x";

/** What can be wrong with a bare repository, and what the message says of it. */
const DAMAGE: Record<string, [harm: (path: string) => void, message: RegExp]> = {
  "a format of later times": [
    (path) => git(path, ["config", "core.repositoryFormatVersion", "99"]),
    /expected git repo version.*99; a newer git/i,
  ],
  "an extension of later times": [
    (path) => {
      git(path, ["config", "core.repositoryFormatVersion", "1"]);
      git(path, ["config", "extensions.ofALaterGit", "true"]);
    },
    /unknown repository extension.*ofalatergit; a newer git/,
  ],
  "broken settings": [
    (path) => writeFileSync(join(path, "config"), "[core\n", { flag: "a" }),
    /bad config line/,
  ],
  "no HEAD": [(path) => rmSync(join(path, "HEAD")), /not a git repository.*: HEAD is missing/],
  "nonsense for a HEAD": [(path) => writeFileSync(join(path, "HEAD"), "nonsense"), /not a git repository/],
  "no refs": [(path) => rmSync(join(path, "refs"), { recursive: true }), /: refs is missing/],
  "no objects": [(path) => rmSync(join(path, "objects"), { recursive: true }), /: objects is missing/],
  "no objects, and no settings": [
    (path) => {
      rmSync(join(path, "objects"), { recursive: true });
      rmSync(join(path, "config"));
    },
    /: objects is missing/,
  ],
};
for (const [name, [harm, message]] of Object.entries(DAMAGE)) {
  test(`a bare repository with ${name} is no folder`, async (t) => {
    const folder = temporaryFolder(t);
    sampleRepository(join(folder, "source"));
    const bare = join(folder, "bare.git");
    git(folder, ["clone", "--quiet", "--bare", "source", bare]);
    git(bare, ["config", "remote.origin.url", SECRET]);
    const image = join(folder, "x.img");
    await makeImage({ repository: bare, image });
    rmSync(image);
    harm(bare);
    const error = await failsWith(
      t,
      "NOT_A_REPOSITORY",
      () => makeImage({ repository: bare, image }),
      message,
    );
    t.true(error.message.includes(bare), error.message);
    t.false(error.message.includes("SECRET"));
    t.deepEqual(readdirSync(folder).sort(), ["bare.git", "source"]);
  });
}

test("a .git of any kind that leads to no repository is refused with git's reason", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "x.img");
  const make = (name: string) => () => makeImage({ repository: join(folder, name), image });
  mkdirSync(join(folder, "empty/.git"), { recursive: true });
  await failsWith(t, "NOT_A_REPOSITORY", make("empty"), /empty\/\.git exists, but .*: not a git repository/);
  mkdirSync(join(folder, "link"));
  symlinkSync("/nonexistent", join(folder, "link/.git"));
  await failsWith(t, "NOT_A_REPOSITORY", make("link"), /link\/\.git exists, but .*: not a git repository/);
  writeFiles(folder, { "junk/.git": "junk", "left/.git": "gitdir: ../gone/.git/modules/left\n" });
  await failsWith(
    t,
    "NOT_A_REPOSITORY",
    make("junk"),
    /junk\/\.git exists, but .*: (invalid gitfile format|not a git repository): /,
  );
  await failsWith(t, "NOT_A_REPOSITORY", make("left"), /: not a git repository: .*modules\/left/);

  t.false(readdirSync(folder).includes("x.img"));
});

test("what a submodule leaves, whose settings name a work tree that is gone, is no folder", async (t) => {
  const folder = temporaryFolder(t);
  const { second } = sampleRepository(join(folder, "module"));
  git(folder, ["init", "--quiet", "super"]);
  git(join(folder, "super"), ["submodule", "--quiet", "add", "../module", "sub"]);
  const left = join(folder, "super/.git/modules/sub");
  renameSync(join(folder, "super/sub"), join(folder, "super/elsewhere"));
  // Git need not read the work tree to read the commit.
  const made = makeImage({ repository: left, image: join(folder, "x.img") });
  const result = await made.catch((error) => error as { code: string; message: string });
  if ("code" in result) t.regex(`${result.code} ${result.message}`, /^NOT_A_REPOSITORY .*sub/);
  else t.like(result, { source: "repository", commit: second });
});

test("an unborn branch, a missing commit, a damaged one and a tag of one are refused", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  const { first, second } = sampleRepository(source);
  git(source, ["tag", "--annotate", "--message=x", "annotated", first]);
  git(source, ["tag", "--annotate", "--message=x", "again", "annotated"]);
  git(source, ["tag", "--annotate", "--message=x", "of-a-file", "HEAD:README.md"]);
  const image = join(folder, "x.img");
  const make = (ref?: string) => () => makeImage({ repository: source, image, ref });
  await failsWith(t, "NOT_A_COMMIT", make("of-a-file"), /of-a-file in .* is a blob, not a commit/);
  const loose = (id: string) => join(source, ".git/objects", id.slice(0, 2), id.slice(2));
  rmSync(loose(first), { force: true });
  for (const ref of ["annotated", "again", "main~1"]) {
    const message = new RegExp(`${first}, which ${ref} names in .*: the repository lacks it$`);
    await failsWith(t, "INCOMPLETE_REPOSITORY", make(ref), message);
  }
  await failsWith(t, "REF_NOT_FOUND", make(first), new RegExp(first));
  rmSync(loose(second), { force: true });
  await failsWith(
    t,
    "INCOMPLETE_REPOSITORY",
    make(),
    new RegExp(`${second}, which HEAD names in .*: the repository lacks it$`),
  );
  await failsWith(t, "INCOMPLETE_REPOSITORY", make("main"), /which main names/);
  writeFileSync(loose(second), "junk");
  await failsWith(t, "INCOMPLETE_REPOSITORY", make(), /cannot be read: (?!the repository lacks it)/);
  git(folder, ["init", "--quiet", "--bare", "unborn.git"]);
  await failsWith(t, "EMPTY_REPOSITORY", () => makeImage({ repository: join(folder, "unborn.git"), image }));
  t.deepEqual(readdirSync(folder).sort(), ["source", "unborn.git"]);
});

for (const format of HASH_ALGORITHMS) {
  test(`the error for a partial clone whose remote is gone says what is missing and what to do (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    sampleRepository(source, format);
    git(source, ["config", "uploadpack.allowFilter", "true"]);
    const image = join(folder, "x.img");
    for (const filter of ["blob:none", "tree:0"]) {
      const clone = join(folder, `clone-${filter.slice(0, 4)}`);
      git(folder, ["clone", "--quiet", "--no-checkout", `--filter=${filter}`, `file://${source}`, clone]);
      git(clone, ["config", "remote.origin.url", join(folder, "gone")]);
      for (const repack of [false, true]) {
        const make = () => makeImage({ repository: clone, image, repack });
        await failsWith(
          t,
          "INCOMPLETE_REPOSITORY",
          make,
          /lacks an object of the commit: .*; instead of a partial clone, name/,
        );
      }
    }
  });
}

test("the error for a repository of another user says how to trust it", (t) => {
  const stderr = "fatal: detected dubious ownership in repository at '/a b'\nTo add an exception ...\n";
  const { message } = unreadableRepository("/a b", "/a b is there", { status: 128, stdout: "", stderr });
  t.is(
    message,
    `/a b is there: detected dubious ownership in repository at '/a b'; if you trust its owner, git config --global --add safe.directory "/a b"`,
  );
});

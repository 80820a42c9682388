import { chmodSync, mkdirSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import { uncommittedNotes } from "../../../image-builder/source/uncommitted.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { commitAll, git, gitBytes, sampleRepository, writeFiles } from "../sandbox.ts";

/** What git itself counts. */
function countByGit(workTree: string): number {
  const status = ["status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all"];
  return gitBytes(workTree, status).toString("latin1").split("\0").length - 1;
}

/** Kinds of work trees, in each of which something is left to do for `edit`. */
const KINDS: Readonly<Record<string, (source: string) => void>> = {
  "as it is": () => {},
  "touched, so that the contents must be compared": (source) => {
    utimesSync(join(source, "README.md"), 1, 1);
    utimesSync(join(source, "src/deep/a.txt"), 1, 1);
  },
  "a file system without executable bits": (source) => {
    git(source, ["config", "core.fileMode", "false"]);
    chmodSync(join(source, "README.md"), 0o755);
  },
  "line ends as on Windows, by a setting": (source) => {
    git(source, ["config", "core.autocrlf", "true"]);
    git(source, ["rm", "-rq", "--cached", "."]);
    git(source, ["reset", "-q", "--hard"]);
    utimesSync(join(source, "README.md"), 1, 1);
  },
  "line ends as on Windows, by an attribute": (source) => {
    writeFiles(source, { ".gitattributes": "* text eol=crlf\n" });
    commitAll(source, "Attributes");
    rmSync(join(source, "README.md"));
    git(source, ["checkout", "README.md"]);
    utimesSync(join(source, "README.md"), 1, 1);
  },
  "attributes and ignored files of its own": (source) => {
    writeFiles(source, { ".git/info/attributes": "*.md text eol=crlf", ".git/info/exclude": "ignored" });
    writeFiles(source, { "README.md": "second\r\n", ignored: "ignored" });
  },
  "files that git does not know, of which it is to say nothing": (source) => {
    git(source, ["config", "status.showUntrackedFiles", "no"]);
    writeFiles(source, { unknown: "unknown" });
  },
  "a split index": (source) => void git(source, ["update-index", "--split-index"]),
  "a sparse checkout with a sparse index": (source) => {
    git(source, ["sparse-checkout", "set", "--cone", "--sparse-index", "docs"]);
    writeFiles(source, { "src/deep/b.txt": "again there" });
  },
  "a file that was added, another that was removed": (source) => {
    writeFiles(source, { added: "added", "src/new": "new" });
    git(source, ["add", "added"]);
    rmSync(join(source, "src/deep/a.txt"));
  },
  "a conflict": (source) => {
    git(source, ["checkout", "-qb", "mine"]);
    writeFiles(source, { "README.md": "mine\n" });
    commitAll(source, "Mine");
    git(source, ["checkout", "-q", "main"]);
    writeFiles(source, { "README.md": "theirs\n" });
    commitAll(source, "Theirs");
    git(source, ["read-tree", "-m", "HEAD~1", "HEAD", "mine"]);
  },
};

for (const [kind, prepare] of Object.entries(KINDS)) {
  test(`counted as git counts: ${kind}`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    sampleRepository(source);
    prepare(source);
    const image = join(folder, "x.img");
    for (const edit of ["nothing more", "one more"]) {
      if (edit === "one more") writeFiles(source, { "README.md": "edited, and longer than before\n" });
      const { notes } = await makeImage({ repository: source, image });
      t.deepEqual(notes, uncommittedNotes(countByGit(source)), edit);
    }
    t.true(countByGit(source) > 0);
  });
}

test("a file with a filter counts as changed only by what the index has of it", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  sampleRepository(source);
  const odd = Buffer.from("li\nne \xe9.bin", "latin1").toString("latin1");
  writeFiles(source, {
    ".gitattributes": "*.bin filter=lfs\n*.txt -filter\n",
    "a.bin": "stored",
    [odd]: "stored",
  });
  commitAll(source, "Filtered");
  const image = join(folder, "x.img");
  const notes = async () => (await makeImage({ repository: source, image })).notes;
  t.deepEqual(await notes(), []);
  writeFiles(source, { "a.bin": "as a filter would show it", [odd]: "as a filter would show it" });
  t.deepEqual(await notes(), []);
  writeFiles(source, { "src/deep/a.txt": "without a filter" });
  t.deepEqual(await notes(), uncommittedNotes(1));
  rmSync(join(source, "a.bin"));
  t.deepEqual(await notes(), uncommittedNotes(2));
});

test("uncommitted changes are not counted without a work tree at the path", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  sampleRepository(source);
  const image = join(folder, "x.img");
  writeFiles(source, { unknown: "unknown" });
  const notes = async () => (await makeImage({ repository: source, image })).notes;
  git(source, ["config", "core.worktree", ".."]);
  t.deepEqual(await notes(), uncommittedNotes(1));
  mkdirSync(join(folder, "elsewhere"));
  git(folder, ["config", "--file", join(source, ".git/config"), "core.worktree", join(folder, "elsewhere")]);
  t.deepEqual(await notes(), []);
  git(folder, ["config", "--file", join(source, ".git/config"), "--unset", "core.worktree"]);
  git(source, ["config", "core.bare", "true"]);
  t.deepEqual(await notes(), []);
  // To a linked work tree it is of no matter that the main one is bare.
  git(source, ["worktree", "add", "--quiet", "--detach", "../linked"]);
  writeFiles(folder, { "linked/unknown": "unknown" });
  t.deepEqual((await makeImage({ repository: join(folder, "linked"), image })).notes, uncommittedNotes(1));
});

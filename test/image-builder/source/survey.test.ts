import { mkdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import { surveyNotes } from "../../../image-builder/source/survey.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { commitAll, git, sampleRepository, writeFiles } from "../sandbox.ts";

const pointer = (size: number) =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize ${size}\n`;

test("submodules are named, pointers of Git LFS are counted, files and bytes are", async (t) => {
  const folder = temporaryFolder(t);
  sampleRepository(join(folder, "module"));
  const source = join(folder, "source");
  mkdirSync(source);
  git(source, ["init", "--quiet"]);
  git(source, ["submodule", "--quiet", "add", "../module", "libs/a b"]);
  writeFiles(source, { "a.bin": pointer(1), "b/c.bin": pointer(2), "text.txt": `see ${pointer(3)}` });
  commitAll(source, "Pointers");
  const made = await makeImage({ repository: source, image: join(folder, "x.img") });
  t.like(made, { submodules: ["libs/a b"], lfsPointers: 2 });
  t.is(made.notes[0], "the image has no files of submodules: libs/a b");
  t.is(
    made.notes[1],
    "2 files are pointers of Git LFS: the image does not have the content, which LFS keeps elsewhere",
  );
  const sizes = git(source, ["ls-tree", "-r", "--format=%(objecttype) %(objectsize)", "HEAD"])
    .split("\n")
    .filter((line) => line.startsWith("blob "))
    .map((line) => Number(line.slice(5)));
  t.like(made, { files: sizes.length, fileBytes: sizes.reduce((sum, size) => sum + size, 0) });
});

test("pointers of Git LFS in a folder are counted, too", async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, {
    "site/a": pointer(1),
    "site/b/c": pointer(2 ** 40),
    "site/too-long": pointer(3).padEnd(1024, "x"),
    "site/too-short": pointer(3).slice(0, 60),
  });
  const made = await makeImage({ repository: join(folder, "site"), image: join(folder, "x.img") });
  t.is(made.lfsPointers, 2);
  t.regex(made.notes.join("\n"), /^2 files are pointers of Git LFS/);
});

test("a note names some of many submodules", (t) => {
  const submodules = Array.from({ length: 20 }, (_, index) => `m${index}`);
  const [note] = surveyNotes({ files: 0, bytes: 0, submodules, lfsPointers: 0 });
  t.true(note!.endsWith(": m0, m1, m2, m3, m4, m5, m6, m7, ... (20)"), note);
  t.deepEqual(surveyNotes({ files: 1, bytes: 1, submodules: [], lfsPointers: 0 }), []);
});

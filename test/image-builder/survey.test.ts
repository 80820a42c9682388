import { mkdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { surveyNotes } from "../../image-builder/survey.ts";
import { commitAll, git, sampleRepository, sandbox, writeFiles } from "./sandbox.ts";

const pointer = (size: number) =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize ${size}\n`;

test("submodules are named, pointers of Git LFS are counted, files and bytes are", async (t) => {
  const folder = sandbox(t);
  sampleRepository(join(folder, "module"));
  const source = join(folder, "source");
  mkdirSync(source);
  git(source, ["init", "--quiet"]);
  git(source, ["submodule", "--quiet", "add", "../module", "libs/a b"]);
  writeFiles(source, { "a.bin": pointer(1), "b/c.bin": pointer(2), "text.txt": `see ${pointer(3)}` });
  commitAll(source, "Without attributes");
  const make = () => makeImage({ repository: source, image: join(folder, "x.img") });
  const first = await make();
  t.like(first, { submodules: ["libs/a b"], lfsPointers: 0 });
  t.deepEqual(first.notes, ["submodules are recorded, but what is in them is not in the image: libs/a b"]);
  writeFiles(source, { "b/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n" });
  git(source, ["-c", "filter.lfs.clean=cat", "-c", "filter.lfs.required=false", "add", "--all"]);
  commitAll(source, "With attributes");
  const second = await make();
  t.is(second.lfsPointers, 2);
  t.regex(second.notes.at(-1)!, /^2 files are pointers of Git LFS/);
  const sizes = git(source, ["ls-tree", "-r", "--format=%(objecttype) %(objectsize)", "HEAD"])
    .split("\n")
    .filter((line) => line.startsWith("blob "))
    .map((line) => Number(line.slice(5)));
  t.like(second, { files: sizes.length, fileBytes: sizes.reduce((sum, size) => sum + size, 0) });
});

test("of many submodules some are named", (t) => {
  const submodules = Array.from({ length: 20 }, (_, index) => `m${index}`);
  const [note] = surveyNotes({ files: 0, bytes: 0, submodules, lfsPointers: 0 });
  t.true(note!.endsWith(": m0, m1, m2, m3, m4, m5, m6, m7, ... (20)"), note);
  t.deepEqual(surveyNotes({ files: 1, bytes: 1, submodules: [], lfsPointers: 0 }), []);
});

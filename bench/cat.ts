// What lies between the store and standard output. `cat --files-from` as a whole command, -t unix, beside
// `git cat-file --batch`, which verifies nothing: the first files of the corpus in tree order, output to
// /dev/null. Then a warm machine: `ls` of a folder of 200,000 files, with the CPU time of all its processes
// as a limit; and `cat` of a file of the corpus beside that of an image of ten files.
import { execa } from "execa";
import { compare } from "./lib/compare.ts";
import { blobs, corpus, imageOfFolder, listFile } from "./lib/corpus.ts";
import { endedChildrenTime } from "./lib/cpu-time.ts";
import { installed } from "./lib/installed.ts";
import { imageOfOneFolder, ONE_FOLDER } from "./lib/one-folder.ts";

const DOCTEUR = installed();
const COUNT = 8000;
const NAMES = 200_000;
const SMALL = new URL("../test/fixtures/docteur-0.0.7/small.img", import.meta.url).pathname;

const files = await corpus();
const image = await imageOfFolder(files);
const all = await blobs(files);
const chosen = all.slice(0, COUNT);
const paths = listFile(
  `${files.name}-cat.paths`,
  chosen.map(({ path }) => path),
);
const ids = listFile(
  `${files.name}-cat.ids`,
  chosen.map(({ id }) => id),
);

await compare({
  name: `cat-${files.name}`,
  title: `cat: ${chosen.length} files of ${files.name}, -t unix`,
  target: 1.5,
  ours: {
    name: "docteur cat --files-from",
    run: () => docteur("-t", "unix", image, "cat", "--files-from", paths),
  },
  peer: {
    name: "git cat-file --batch",
    async run() {
      await execa("git", ["--git-dir", files.gitDir, "cat-file", "--batch"], {
        inputFile: ids,
        stdout: "ignore",
      });
      return {};
    },
  },
});

const names = await imageOfOneFolder(NAMES);
await compare({
  name: "cat-ls",
  title: `ls of ${NAMES} names in a warm machine`,
  ours: { name: "docteur ls", run: () => docteur("--accel", "tcg", names, "ls", ONE_FOLDER) },
  peer: { name: "docteur ls -l", run: () => docteur("--accel", "tcg", names, "ls", "-l", ONE_FOLDER) },
  limits: [{ measure: "CPU s", most: 3 }],
});

const middle = `/${all[all.length >> 1]!.path}`;
await compare({
  name: `cat-warm-${files.name}`,
  title: `cat of one file in a warm machine, of ${files.name} and of a small image`,
  target: 1.15,
  ours: { name: `of ${all.length} files`, run: () => docteur("--accel", "tcg", image, "cat", middle) },
  peer: { name: "of 10 files", run: () => docteur("--accel", "tcg", SMALL, "cat", "/a/b/c/deep.txt") },
});

/** Runs a program, its output to /dev/null. @returns the CPU time of the command and what it starts. */
async function docteur(...args: readonly string[]) {
  const before = endedChildrenTime();
  await execa(DOCTEUR, ["run", ...args], { stdout: "ignore" });
  return { "CPU s": endedChildrenTime() - before };
}

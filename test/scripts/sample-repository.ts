import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { git } from "./docteur.ts";

/** Contents that break what is not binary-safe: every byte, and what a text tool would change. */
const everyByte = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256));

const FILES: Readonly<Record<string, Buffer | string>> = {
  "README.md": "# Sample\n",
  "no newline at the end": "none",
  "binary.bin": everyByte,
  "carriage.txt": "a\r\nb\n",
  empty: "",
  "dir with space/naïve $HOME 'quoted'.txt": "quoted\n",
  "-dash": "dash\n",
  "deep/er/and/deeper.txt": "deep\n",
  "pages/one.html": `${"<p>the same line\n".repeat(300)}one\n`,
  "pages/two.html": `${"<p>the same line\n".repeat(300)}two\n`,
};

/**
 * Makes a repository with one commit, a tag and a second branch. @returns the ids of both branches' commits.
 */
export async function sampleRepository(folder: string): Promise<{ main: string; next: string }> {
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  writeFileSync(join(folder, "run.sh"), "#!/bin/sh\n");
  chmodSync(join(folder, "run.sh"), 0o755);
  symlinkSync("README.md", join(folder, "link"));
  await git(folder, "init", "--quiet", "--initial-branch=main");
  await git(folder, "add", "--all");
  await git(folder, "commit", "--quiet", "--message", "First\n\nWith a body.");
  await git(folder, "tag", "--annotate", "--message", "A tag", "v1");
  await git(folder, "checkout", "--quiet", "-b", "next");
  writeFileSync(join(folder, "README.md"), "# Next\n");
  await git(folder, "commit", "--quiet", "--all", "--message", "Second");
  await git(folder, "checkout", "--quiet", "main");
  const id = async (ref: string) => (await git(folder, "rev-parse", ref)).toString().trim();
  return { main: await id("main"), next: await id("next") };
}

/** The paths of a commit's files, links included, as the image has them. */
export async function filesOf(folder: string, commit: string): Promise<string[]> {
  const listed = await git(folder, "ls-tree", "-r", "-z", "--name-only", commit);
  return listed
    .toString()
    .split("\0")
    .slice(0, -1)
    .map((path) => `/${path}`);
}

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { HashAlgorithm } from "../../reader/git/hash.ts";

/** A user's git that asks nobody and has no settings but these. */
export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.org",
  LC_ALL: "C",
};

/** Runs git in a folder. @returns its standard output. @throws if it fails. */
export function git(folder: string, args: readonly string[], input: string | Uint8Array = ""): string {
  return gitBytes(folder, args, input).toString().trimEnd();
}

export function gitBytes(folder: string, args: readonly string[], input: string | Uint8Array = ""): Buffer {
  return execFileSync("git", ["-c", "protocol.file.allow=always", ...args], {
    cwd: folder,
    env: GIT_ENVIRONMENT,
    input,
    maxBuffer: 1 << 30,
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** Writes files, and the folders they are in. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** Commits all that is in a work tree. @returns the commit's id. */
export function commitAll(folder: string, message: string): string {
  git(folder, ["add", "--all"]);
  git(folder, ["commit", "--quiet", "--message", message]);
  return git(folder, ["rev-parse", "HEAD"]);
}

/** A repository of two commits on `main` and another branch, in a new folder. */
export function sampleRepository(
  folder: string,
  format: HashAlgorithm = "sha1",
): { first: string; second: string; other: string } {
  mkdirSync(folder, { recursive: true });
  git(folder, ["init", "--quiet", "--initial-branch=main", `--object-format=${format}`]);
  writeFiles(folder, { "README.md": "first\n", "src/deep/a.txt": "a\n", gone: "only in the first\n" });
  const first = commitAll(folder, "First");
  git(folder, ["rm", "--quiet", "gone"]);
  writeFiles(folder, { "README.md": "second\n" });
  const second = commitAll(folder, "Second");
  git(folder, ["checkout", "--quiet", "-b", "other"]);
  writeFiles(folder, { "other.txt": "other\n" });
  const other = commitAll(folder, "Other");
  git(folder, ["checkout", "--quiet", "main"]);
  return { first, second, other };
}

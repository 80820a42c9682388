import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestFn } from "ava";
import { makeImage } from "../image-builder/index.ts";
import type { HashAlgorithm } from "../reader/git/hash.ts";
import { HASH_ALGORITHMS, ID_LENGTHS } from "../reader/git/object-format.ts";
import { git } from "./scripts/docteur.ts";

const LINES = Array.from({ length: 3000 }, (_, line) => `line ${line}: ${(line * 7919) % 1009}\n`).join("");

/**
 * The files of the repository: kinds, names that no header of a tar has room for, a pair of which git stores
 * one as a delta, and so many that the image has a layout.
 */
const FILES: Readonly<Record<string, string>> = {
  "README.md": "# Both\n",
  "empty.txt": "",
  "index.html": "<!doctype html><title>Home</title><p>Welcome.\n",
  "docs/index.html": "<!doctype html><title>Docs</title>\n",
  "naïve name.txt": "diaeresis\n",
  "story-1.txt": LINES,
  "story-2.txt": `${LINES}The end.\n`,
  "large.bin": Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => (i * i) >> 3)).toString("latin1"),
  [`${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(90)}`]: "deep\n",
  ["n".repeat(150)]: "long\n",
  ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`many/file-${i}.txt`, `file ${i}\n`])),
};

/** A repository, and the image that docteur makes of it. */
export interface MadeImage {
  readonly hash: HashAlgorithm;
  readonly repository: string;
  /** Path of the image. */
  readonly image: string;
  /** Hexadecimal. */
  readonly commit: string;
  /** An id of as many digits that names nothing here. */
  readonly otherId: string;
}

/** The same content in a repository of either object format, once the tests of a file run. */
export type BothFormats = Readonly<Record<HashAlgorithm, MadeImage>>;

/** Makes both before the tests of a file, and removes them when these have ended. */
export function bothFormats(test: TestFn): BothFormats {
  const made = {} as Record<HashAlgorithm, MadeImage>;
  const folder = mkdtempSync(join(tmpdir(), "docteur test "));
  test.after.always(() => rmSync(folder, { recursive: true, force: true }));
  test.before(async () => {
    for (const hash of HASH_ALGORITHMS) made[hash] = await madeImage(folder, hash);
  });
  return made;
}

async function madeImage(folder: string, hash: HashAlgorithm): Promise<MadeImage> {
  const repository = join(folder, hash);
  const digits = 2 * ID_LENGTHS[hash];
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), content);
  }
  chmodSync(join(repository, "README.md"), 0o755);
  symlinkSync("docs", join(repository, "latest"));
  symlinkSync("t".repeat(150), join(repository, "far"));
  await git(repository, "init", "--quiet", `--object-format=${hash}`, "--initial-branch=main");
  await git(repository, "add", "--all");
  await git(repository, "update-index", "--add", "--cacheinfo", `160000,${"5".repeat(digits)},module`);
  await git(repository, "commit", "--quiet", "--message", "Both");
  const image = join(folder, `${hash}.img`);
  const { commit } = await makeImage({ repository, image });
  return { hash, repository, image, commit, otherId: "0".repeat(digits) };
}

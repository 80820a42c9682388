import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { makeImage } from "../../image-builder/index.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";
import { fetchPackages, one } from "../../vm/artifacts/debian.ts";
import { cacheFolder } from "../../vm/cache/cache.ts";
import { requireTool } from "../../vm/tools.ts";
import { fetchDebianDocs } from "./debian-docs.ts";
import { writeManyFiles } from "./many-files.ts";

/** Files to measure with, in the shapes that the contenders want them. */
export interface Corpus {
  readonly name: string;
  /** The files as they lie in a folder. */
  readonly folder: string;
  /** A bare repository with one commit of them, packed by `git repack -adf` with git's own settings. */
  readonly gitDir: string;
  /** The image that docteur makes of that repository. */
  readonly image: string;
}

/** Debian packages and the folder in them that is the corpus. */
const PACKAGES: Readonly<Record<string, { folder: string; tar?: string }>> = {
  "rust-doc": { folder: "usr/share/doc/rust-doc" },
  "linux-source-6.1": { folder: "linux-source-6.1", tar: "usr/src/linux-source-6.1.tar.xz" },
};

const CACHE = join(cacheFolder(), "bench");

/** What a corpus is called, with what its size depends on, and how its files get into a folder. */
interface Recipe {
  readonly name: string;
  /** @param temporary an empty folder for whatever is needed on the way. */
  write(folder: string, temporary: string): Promise<void>;
}

/**
 * The corpus that the environment names, `CORPUS=rust-doc` (32,800 files, 493 MB) if it names none:
 *
 * - `linux-source-6.1`: 78,600 files, 1.3 GB.
 * - `debian-docs`: packages of documentation of several suites, `SIZE=` bytes of them (`2G` if there is no
 *   `SIZE`; `K`, `M` and `G` are powers of 1000). Those of 13.6 GB are like what the targets were set for.
 * - `many-files`: `FILES=` small pages (1000000) in `FOLDERS=` folders (10000).
 *
 * Fetched from Debian's archive, or written, on first use, then kept in the cache.
 */
export async function corpusFolder(): Promise<Omit<Corpus, "gitDir">> {
  const recipe = recipeOf(process.env.CORPUS ?? "rust-doc");
  const home = join(CACHE, recipe.name);
  const made = { name: recipe.name, folder: join(home, "files"), image: join(home, "image") };
  if (existsSync(home)) return made;
  process.stderr.write(`fetching and preparing ${recipe.name}, once\n`);
  await inTemporary(home, async (temporary) => {
    const work = join(temporary, "work");
    mkdirSync(work);
    await recipe.write(join(temporary, "files"), work);
    rmSync(work, { recursive: true });
    renameSync(temporary, home);
  });
  return made;
}

/** The corpus of `corpusFolder` with a repository and an image of that, made on first use. */
export async function corpus(): Promise<Corpus> {
  const { name, folder, image } = await corpusFolder();
  const home = join(CACHE, name);
  const made = { name, folder, gitDir: join(home, "repository.git"), image };
  if (existsSync(image)) return made;
  process.stderr.write(`preparing a repository of ${name}, once\n`);
  await inTemporary(home, async (temporary) => {
    const [gitDir, file] = [join(temporary, "repository.git"), join(temporary, "image")];
    await commitAll(gitDir, folder);
    await makeImage({ repository: gitDir, image: file });
    rmSync(made.gitDir, { recursive: true, force: true });
    renameSync(gitDir, made.gitDir);
    // The last: it says that all is there.
    renameSync(file, image);
  });
  return made;
}

function recipeOf(corpus: string): Recipe {
  if (corpus === "debian-docs") {
    const size = process.env.SIZE ?? "2G";
    return {
      name: `debian-docs-${size}`,
      write: async (folder) => await fetchDebianDocs(folder, parseSize(size)),
    };
  }
  if (corpus === "many-files") {
    const { FILES = "1000000", FOLDERS = "10000" } = process.env;
    return {
      name: `many-files-${FILES}-${FOLDERS}`,
      write: async (folder) => writeManyFiles(folder, parseSize(FILES), parseSize(FOLDERS)),
    };
  }
  const found = PACKAGES[corpus];
  if (found === undefined) {
    const known = [...Object.keys(PACKAGES), "debian-docs", "many-files"];
    throw new Error(`CORPUS=${corpus}: there are ${known.join(", ")}`);
  }
  return {
    name: corpus,
    async write(folder, temporary) {
      const unpacked = join(temporary, "package");
      await fetchPackages(one(corpus), unpacked);
      if (found.tar !== undefined) {
        requireTool("xz", "xz-utils");
        await execa("tar", ["-xf", found.tar], { cwd: unpacked });
      }
      renameSync(join(unpacked, found.folder), folder);
    },
  };
}

/** @throws if the text is no number from 1 on, with K, M or G after it or not. */
function parseSize(text: string): number {
  const [, number, unit = ""] = /^([0-9]+(?:\.[0-9]+)?)([KMG]?)$/.exec(text) ?? [];
  const size = Math.round(Number(number) * 1000 ** ["", "K", "M", "G"].indexOf(unit));
  if (!(size >= 1)) throw new Error(`${text} is no size, such as 500M or 2G`);
  return size;
}

/** Gives `work` a folder beside `home`, and removes what is left of it. */
async function inTemporary(home: string, work: (temporary: string) => Promise<void>): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const temporary = mkdtempSync(`${home}.`);
  try {
    await work(temporary);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** The image that docteur makes of the corpus's folder; made once with each state of the image builder. */
export async function imageOfFolder(
  { name, folder }: Pick<Corpus, "name" | "folder">,
  objectFormat: HashAlgorithm = "sha1",
): Promise<string> {
  const builder = new URL("../../image-builder", import.meta.url).pathname;
  const hash = createHash("sha256");
  for (const path of readdirSync(builder, { recursive: true, encoding: "utf8" }).sort()) {
    if (path.endsWith(".ts")) hash.update(readFileSync(join(builder, path)));
  }
  const home = join(CACHE, name);
  const start = `folder-${objectFormat}-`;
  const image = join(home, `${start}${hash.digest("hex").slice(0, 16)}.img`);
  if (existsSync(image)) return image;
  for (const old of readdirSync(home)) if (old.startsWith(start)) rmSync(join(home, old));
  process.stderr.write(`making an image of the folder ${name} with ${objectFormat}\n`);
  await makeImage({ repository: folder, image, objectFormat });
  return image;
}

async function commitAll(gitDir: string, folder: string): Promise<void> {
  const git = (...args: string[]) =>
    execa(
      "git",
      [
        "--git-dir",
        gitDir,
        "--work-tree",
        folder,
        "-c",
        "user.name=bench",
        "-c",
        "user.email=bench@localhost",
        ...args,
      ],
      {
        cwd: folder,
      },
    );
  await execa("git", ["init", "-q", "--bare", gitDir]);
  await git("-c", "core.bare=false", "add", "-A", "-f", ".");
  await git("-c", "core.bare=false", "commit", "-q", "-m", "corpus");
  await execa("git", ["--git-dir", gitDir, "repack", "-adfq"]);
}

/** The blobs of the corpus's commit in tree order: their paths and ids, symbolic links left out. */
export async function blobs({ gitDir }: Corpus): Promise<{ path: string; id: string }[]> {
  const { stdout } = await execa("git", ["--git-dir", gitDir, "ls-tree", "-r", "-z", "HEAD"]);
  return stdout
    .split("\0")
    .map((line) => /^100\d+ blob (?<id>\w+)\t(?<path>.*)$/s.exec(line)?.groups)
    .filter((groups) => groups !== undefined)
    .map((groups) => ({ path: groups.path as string, id: groups.id as string }));
}

/**
 * The same choice of `count` of them in every run: a linear congruential generator (Knuth's MMIX) shuffles.
 */
export function choose<Item>(items: readonly Item[], count: number): Item[] {
  const pool = [...items];
  let state = 1n;
  const chosen: Item[] = [];
  while (chosen.length < count && pool.length > 0) {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    const last = pool.pop() as Item;
    const index = Number(state >> 33n) % (pool.length + 1);
    if (index === pool.length) chosen.push(last);
    else {
      chosen.push(pool[index] as Item);
      pool[index] = last;
    }
  }
  return chosen;
}

/** A file with one item a line, for programs that read what to do from one. */
export function listFile(name: string, lines: readonly string[]): string {
  mkdirSync(CACHE, { recursive: true });
  const path = join(CACHE, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

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
import { fetchPackages, one } from "../../vm/artifacts/debian.ts";
import { cacheFolder } from "../../vm/cache/cache.ts";
import { requireTool } from "../../vm/tools.ts";

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

/**
 * The corpus named by the environment's `CORPUS`, `rust-doc` (32,800 files, 493 MB) if none is;
 * `linux-source-6.1` is the large one (78,600 files, 1.3 GB). Fetched from Debian's archive and prepared on
 * first use, then kept in the cache.
 */
export async function corpus(): Promise<Corpus> {
  const name = process.env.CORPUS ?? "rust-doc";
  const recipe = PACKAGES[name];
  if (recipe === undefined) throw new Error(`CORPUS=${name}: there are ${Object.keys(PACKAGES).join(", ")}`);
  const home = join(CACHE, name);
  const made = {
    name,
    folder: join(home, "files"),
    gitDir: join(home, "repository.git"),
    image: join(home, "image"),
  };
  if (existsSync(home)) return made;

  mkdirSync(CACHE, { recursive: true });
  const temporary = mkdtempSync(`${home}.`);
  try {
    process.stderr.write(`fetching and preparing ${name}, once\n`);
    const unpacked = join(temporary, "package");
    await fetchPackages(one(name), unpacked);
    if (recipe.tar !== undefined) {
      requireTool("xz", "xz-utils");
      await execa("tar", ["-xf", recipe.tar], { cwd: unpacked });
    }
    renameSync(join(unpacked, recipe.folder), join(temporary, "files"));
    await commitAll(join(temporary, "repository.git"), join(temporary, "files"));
    await makeImage({ repository: join(temporary, "repository.git"), image: join(temporary, "image") });
    rmSync(unpacked, { recursive: true, force: true });
    renameSync(temporary, home);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return made;
}

/** The image that docteur makes of the corpus's folder; made once with each state of the image builder. */
export async function imageOfFolder({ name, folder }: Corpus): Promise<string> {
  const builder = new URL("../../image-builder", import.meta.url).pathname;
  const hash = createHash("sha256");
  for (const path of readdirSync(builder, { recursive: true, encoding: "utf8" }).sort()) {
    if (path.endsWith(".ts")) hash.update(readFileSync(join(builder, path)));
  }
  const home = join(CACHE, name);
  const image = join(home, `folder-${hash.digest("hex").slice(0, 16)}.img`);
  if (existsSync(image)) return image;
  for (const old of readdirSync(home)) if (/^folder-\w+\.img$/.test(old)) rmSync(join(home, old));
  process.stderr.write(`making an image of the folder ${name}\n`);
  await makeImage({ repository: folder, image });
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

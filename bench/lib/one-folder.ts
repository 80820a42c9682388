import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { makeImage } from "../../image-builder/index.ts";
import { cacheFolder } from "../../vm/cache/cache.ts";

const CACHE = join(cacheFolder(), "bench");

/** The folder of `imageOfOneFolder`. */
export const ONE_FOLDER = "/pages";

/** The image of a folder with so many small files. Made once, then kept in the cache. */
export async function imageOfOneFolder(count: number): Promise<string> {
  const image = join(CACHE, `one-folder-${count}.img`);
  if (existsSync(image)) return image;
  process.stderr.write(`making an image of ${count} files in one folder, once\n`);
  mkdirSync(CACHE, { recursive: true });
  const temporary = mkdtempSync(`${image}.`);
  try {
    const gitDir = join(temporary, "repository.git");
    await execa("git", ["init", "-q", "--bare", gitDir]);
    await execa("git", ["--git-dir", gitDir, "fast-import", "--quiet"], { stdin: commands(count) });
    await makeImage({ repository: gitDir, image: join(temporary, "image"), ref: "refs/heads/main" });
    renameSync(join(temporary, "image"), image);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return image;
}

/** What git-fast-import(1) makes the files from: no file system has to hold them. */
function* commands(count: number): Generator<string> {
  yield "commit refs/heads/main\ncommitter bench <bench@localhost> 0 +0000\ndata 0\n";
  for (let i = 0; i < count; i++) {
    const content = `page ${i}\n`;
    const name = `f${String(i).padStart(6, "0")}.html`;
    yield `M 100644 inline ${ONE_FOLDER.slice(1)}/${name}\ndata ${content.length}\n${content}\n`;
  }
}

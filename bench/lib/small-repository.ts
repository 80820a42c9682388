import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { makeImage } from "../../image-builder/index.ts";
import { blobs, type Corpus, choose } from "./corpus.ts";

/** A part of a corpus: a repository with one pack, and the image of it. */
export interface SmallRepository {
  readonly gitDir: string;
  readonly image: string;
}

/** Files in it. */
export const SMALL_COUNT = 500;

/** A repository of 500 files of a corpus, the same ones in every run. Made on first use, beside the corpus. */
export async function smallRepository(corpus: Corpus): Promise<SmallRepository> {
  const home = join(dirname(corpus.folder), `small-${SMALL_COUNT}`);
  const made = { gitDir: join(home, "files", ".git"), image: join(home, "image") };
  if (existsSync(home)) return made;
  const temporary = mkdtempSync(`${home}.`);
  try {
    const files = join(temporary, "files");
    for (const { path } of choose(await blobs(corpus), SMALL_COUNT)) {
      mkdirSync(dirname(join(files, path)), { recursive: true });
      cpSync(join(corpus.folder, path), join(files, path));
    }
    const who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
    await execa("git", ["init", "-q", files]);
    await execa("git", ["-C", files, "add", "-A", "-f", "."]);
    await execa("git", ["-C", files, ...who, "commit", "-q", "-m", "small"]);
    await execa("git", ["-C", files, "repack", "-adfq"]);
    await makeImage({ repository: files, image: join(temporary, "image") });
    renameSync(temporary, home);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return made;
}

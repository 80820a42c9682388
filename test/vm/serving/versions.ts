import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeImage } from "../../../image-builder/index.ts";
import { git } from "../../scripts/docteur.ts";
import type { Version } from "./load.ts";

/** A version, its commit and its image. */
export interface ImageVersion extends Version {
  readonly commit: string;
  readonly image: string;
}

/** Commits versions of a site, all files of which differ, and makes an image of each. */
export async function makeVersions(folder: string, count: number): Promise<ImageVersion[]> {
  const repository = join(folder, "site");
  mkdirSync(repository);
  await git(repository, "init", "--quiet", "--initial-branch=main");
  const versions: ImageVersion[] = [];
  for (let number = 0; number < count; number++) {
    writeFileSync(join(repository, "small.txt"), `version ${number}\n`);
    writeFileSync(join(repository, "page.html"), `<p>version ${number}\n`.repeat(500));
    writeFileSync(join(repository, "big.bin"), randomBytes(2 * 1024 * 1024));
    await git(repository, "add", "--all");
    await git(repository, "commit", "--quiet", "--message", `Version ${number}`);
    const image = join(folder, `version-${number}.img`);
    const { commit } = await makeImage({ repository, image });
    const names = ["small.txt", "page.html", "big.bin"];
    const files = await Promise.all(
      names.map(async (name) => [`/${name}`, await git(repository, "show", `${commit}:${name}`)] as const),
    );
    const ids = await Promise.all(
      names.map(async (name) => {
        const id = await git(repository, "rev-parse", `${commit}:${name}`);
        return [`/${name}`, id.toString().trim()] as const;
      }),
    );
    versions.push({ commit, image, files: new Map(files), ids: new Map(ids) });
  }
  return versions;
}

import { git } from "../source/git.ts";

/**
 * The environment in which git reads the objects of the repository `gitDir` and of its alternates, and writes
 * to the folder `own`. By itself `git pack-objects` writes its PACK into the repository that it reads, which
 * may be read-only, or on another file system than the folder for the PACK.
 */
export async function sourceObjects(
  gitDir: string,
  own: string,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const asked = ["rev-parse", "--path-format=absolute", "--git-path", "objects"];
  const path = (await git(asked, { gitDir, signal })).replace(/\n$/, "");
  // In quotes a colon in the path does not end it (git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES).
  const quoted = `"${path.replace(/["\\]/g, "\\$&")}"`;
  return { GIT_OBJECT_DIRECTORY: own, GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted };
}

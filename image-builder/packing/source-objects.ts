import { git } from "../source/git.ts";

/** The folder of the objects of the repository `gitDir`. */
export async function objectsOf(gitDir: string, signal?: AbortSignal): Promise<string> {
  const asked = ["rev-parse", "--path-format=absolute", "--git-path", "objects"];
  return (await git(asked, { gitDir, signal })).replace(/\n$/, "");
}

/**
 * The environment in which git reads the objects in the folder `objects` and in its alternates, and writes to
 * the folder `own`. By itself `git pack-objects` writes its PACK into the repository that it reads, which may
 * be read-only, or on another file system than the folder for the PACK.
 */
export function sourceObjects(objects: string, own: string): Readonly<Record<string, string>> {
  // In quotes a colon in the path does not end it (git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES).
  const quoted = `"${objects.replace(/["\\]/g, "\\$&")}"`;
  return { GIT_OBJECT_DIRECTORY: own, GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted };
}

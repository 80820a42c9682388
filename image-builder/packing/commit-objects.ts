import { git } from "../source/git.ts";
import type { PackObject } from "./pack-object.ts";
import { incomplete } from "./pack-objects.ts";

/**
 * A commit of the repository `gitDir`, its trees and its blobs, each once, in the order of the tree.
 * @throws {DocteurError} `INCOMPLETE_REPOSITORY`: a tree is missing, or what a partial clone has elsewhere.
 */
export async function commitObjects(
  gitDir: string,
  commit: string,
  signal?: AbortSignal,
): Promise<PackObject[]> {
  const run = { gitDir, signal, encoding: "latin1" } as const;
  // `tree ID LF` is how a commit begins.
  const content = await git(["cat-file", "commit", commit], run);
  const root = content.slice("tree ".length, content.indexOf("\n"));
  const listed = await git(["ls-tree", "-r", "-t", "-z", "--full-tree", commit], run).catch((error) => {
    throw incomplete(error);
  });
  const paths = new Map([
    [commit, ""],
    [root, ""],
  ]);
  for (let at = 0; at < listed.length; ) {
    const end = listed.indexOf("\0", at);
    const tab = listed.indexOf("\t", at);
    // `MODE TYPE ID`
    const [, type, id] = listed.slice(at, tab).split(" ") as [string, string, string];
    if (type !== "commit" && !paths.has(id)) paths.set(id, listed.slice(tab + 1, end));
    at = end + 1;
  }
  const input = `${[...paths.keys()].join("\n")}\n`;
  const check = ["cat-file", "--batch-check=%(objecttype) %(objectsize)", "--buffer"];
  const described = await git(check, { ...run, input }).catch((error) => {
    throw incomplete(error);
  });
  const lines = described.split("\n");
  return Array.from(paths, ([id, path], index) => {
    const [kind, size] = (lines[index] as string).split(" ");
    // Of a missing object there is no size here; packing it fails with the reason.
    return { id, kind: kind as PackObject["kind"], size: Number(size) || 0, path };
  });
}

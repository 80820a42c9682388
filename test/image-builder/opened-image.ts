import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { ID_LENGTHS } from "../../reader/git/object-format.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { git, gitBytes } from "./sandbox.ts";

/** An image that git itself has read: its PACK in a repository of its own. */
export interface OpenedImage {
  readonly bytes: Buffer;
  /** From the header. */
  readonly commit: string;
  readonly indexOffset: number;
  /** A bare repository that holds the PACK and nothing else. */
  readonly repository: string;
  /** The IDX that git makes of the PACK. */
  readonly idx: Buffer;
  /** Ids of all objects in the PACK, sorted. */
  readonly objects: readonly string[];
}

/** Gives an image's PACK to `git index-pack --strict` and asks git for the rest. */
export function openImage(t: ExecutionContext, path: string): OpenedImage {
  const bytes = readFileSync(path);
  const repository = temporaryFolder(t);
  const format = bytes.toString("latin1", 28, 32) === "PACK" ? "sha1" : "sha256";
  const idLength = ID_LENGTHS[format];
  const init = ["init", "--quiet", "--bare", "--initial-branch=main", `--object-format=${format}`];
  git(repository, [...init, "."]);
  const commit = bytes.toString("hex", 0, idLength);
  // The parents are not there, as git knows of repositories fetched with --depth 1.
  writeFileSync(join(repository, "shallow"), `${commit}\n`);
  // Through a pipe git reads one PACK, says its name, and hands on what follows.
  const said = gitBytes(repository, ["index-pack", "--strict", "--stdin"], bytes.subarray(idLength + 8));
  const [, name] = /^pack\t([0-9a-f]+)\n/.exec(said.toString("latin1", 0, 80))!;
  const idxPath = join(repository, "objects", "pack", `pack-${name}.idx`);
  git(repository, ["update-ref", "--no-deref", "HEAD", commit]);
  const listed = git(repository, ["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
  return {
    bytes,
    commit,
    indexOffset: Number(bytes.readBigUInt64LE(idLength)),
    repository,
    idx: readFileSync(idxPath),
    objects: listed.split("\n"),
  };
}

/** What a commit at depth 1 consists of, sorted: itself, its trees, its blobs. */
export function reachedObjects(repository: string, commit: string): string[] {
  const listed = git(repository, ["rev-list", "--objects", "--no-object-names", "--no-walk", commit]);
  return listed.split("\n").sort();
}

/** What `git ls-tree` says of a commit, folders included, names as Latin-1. */
export function listTree(repository: string, commit: string): string[] {
  return gitBytes(repository, ["ls-tree", "-r", "-t", "-z", commit])
    .toString("latin1")
    .split("\0")
    .slice(0, -1);
}

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { OpenedImage } from "./opened-image.ts";
import { git, gitBytes } from "./sandbox.ts";

/** An entry of a PACK, as `git verify-pack` has it. */
export interface VerifiedEntry {
  readonly id: string;
  readonly kind: string;
  readonly offset: number;
  /** Deltas between it and an undeltified object. */
  readonly depth: number;
  readonly base: string | undefined;
}

/** The entries of the only PACK of a repository, in the order in which they lie. */
export function verifiedEntries(repository: string): VerifiedEntry[] {
  const packs = join(repository, "objects", "pack");
  const idx = readdirSync(packs).find((name) => name.endsWith(".idx")) as string;
  return git(repository, ["verify-pack", "-v", join(packs, idx)])
    .split("\n")
    .map((line) => line.split(/ +/))
    .filter(([id]) => /^[0-9a-f]{40}$/.test(id as string))
    .map(([id, kind, , , offset, depth = "0", base]) => ({
      id: id as string,
      kind: kind as string,
      offset: Number(offset),
      depth: Number(depth),
      base,
    }))
    .sort((a, b) => a.offset - b.offset);
}

/**
 * The order that docteur promises: each object of `wanted` in turn, before it the bases that it needs and
 * that have not come, the nearest last.
 */
function arranged(wanted: readonly string[], baseOf: ReadonlyMap<string, string | undefined>): string[] {
  const order = new Set<string>();
  for (const id of wanted) {
    const chain: string[] = [];
    for (let at: string | undefined = id; at !== undefined && !order.has(at); at = baseOf.get(at))
      chain.push(at);
    for (const each of chain.reverse()) order.add(each);
  }
  return [...order];
}

/**
 * Checks the order of an image's PACK: the commit, the trees where a walk in depth first meets them, the blobs
 * by their first path. Checks that its IDX is git's, too.
 * @returns its entries in their order.
 */
export function hasOrder(t: ExecutionContext, image: OpenedImage): VerifiedEntry[] {
  const { commit, repository, bytes, indexOffset, idx } = image;
  t.true(idx.equals(bytes.subarray(indexOffset, indexOffset + idx.length)));
  const entries = verifiedEntries(repository);
  const listed = gitBytes(repository, ["ls-tree", "-r", "-t", "-z", "--full-tree", commit])
    .toString("latin1")
    .split("\0")
    .slice(0, -1)
    .map((line) => (line.split("\t")[0] as string).split(" ") as [string, string, string]);
  const those = (kind: string) => listed.filter(([, type]) => type === kind).map(([, , id]) => id);
  const root = git(repository, ["rev-parse", `${commit}^{tree}`]);
  const wanted = [...new Set([commit, root, ...those("tree"), ...those("blob")])];
  const baseOf = new Map(entries.map(({ id, base }) => [id, base]));
  t.deepEqual(
    entries.map(({ id }) => id),
    arranged(wanted, baseOf),
  );
  t.regex(entries.map(({ kind }) => kind[0]).join(""), /^ct+b*$/);
  return entries;
}

import { InvalidImageError } from "../../reader/errors.ts";
import type { ObjectKind } from "../../reader/git/object.ts";
import { hex } from "../../reader/git/object-id.ts";
import type { EntryType, Tree } from "../../reader/git/tree.ts";
import type { Objects } from "../../reader/pack/objects.ts";
import { COST } from "../../reader/pack/work.ts";
import { readTree } from "../../reader/paths/trees.ts";
import type { ReachedObjects } from "./reached-objects.ts";

/** The kind of object that an entry of a tree names; a submodule's commit is in another repository. */
const KIND_OF_ENTRY: Readonly<Record<EntryType, ObjectKind | undefined>> = {
  file: "blob",
  executable: "blob",
  symlink: "blob",
  tree: "tree",
  gitlink: undefined,
};

/**
 * Work allowed for each tree, beside what the PACK's bytes allow: many are small, at the end of a delta
 * chain.
 */
const WORK_PER_TREE = 16 * COST.delta;

/**
 * Walks from a root tree to everything below it, each tree once, and checks that the PACK has each object, of
 * the kind that its entry says, and that every tree is well formed. Does not read blobs: their ids were
 * computed from them. Pauses after each tree.
 * @throws {InvalidImageError} faults `object-missing`, `object-kind`, `tree`; the object is what is missing
 * or malformed.
 * @throws {WorkLimitError} if the trees take more work than `objects` may do.
 */
export function* checkReachable(
  root: string,
  objects: Objects,
  reached: ReachedObjects,
): Generator<void, void> {
  // Not by recursion: the trees of a hostile image may be of any depth. Indexes, not ids, which are views
  // into trees.
  const pending: number[] = [];
  const add = (id: Uint8Array, kind: ObjectKind, where: () => string) => {
    const found = reached.add(id);
    if (found === undefined) {
      throw new InvalidImageError("object-missing", `the PACK lacks the ${kind} that ${where()}`, {
        object: hex(id),
      });
    }
    if (found.kind !== kind) {
      const what = `the ${kind} that ${where()} is a ${found.kind}`;
      throw new InvalidImageError("object-kind", what, { object: hex(id) });
    }
    if (kind === "tree" && !found.before) pending.push(found.index);
  };

  add(Buffer.from(root, "hex"), "tree", () => "is the root");
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const id = reached.id(index);
    objects.work.grant(WORK_PER_TREE);
    const tree = readTree(objects, id);
    objects.work.add(COST.lookup * tree.total);
    for (let entry = 0; entry < tree.total; entry++) {
      const kind = KIND_OF_ENTRY[tree.type(entry)];
      if (kind !== undefined) add(tree.id(entry), kind, () => `tree ${hex(id)} names ${nameIn(tree, entry)}`);
    }
    yield;
  }
}

/** An entry's name as a message shows it. */
function nameIn(tree: Tree, entry: number): string {
  const name = Buffer.from(tree.name(entry)).toString("utf8");
  return JSON.stringify(name.length <= SHOWN ? name : `${name.slice(0, SHOWN)}...`);
}

/** Characters of a name that a message shows. */
const SHOWN = 100;

import type { TreeEntry } from "../git/tree.ts";
import type { Entry, Layout, PathEntry } from "./layout.ts";
import { joinPath, splitPath, startsWith } from "./path.ts";
import type { Trees } from "./trees.ts";

/** The `light` layout: walks from the root on every look-up and knows nothing in advance. */
export class TreeWalk implements Layout {
  readonly byteLength = 0;
  readonly #trees: Trees;
  readonly #root: Entry;

  /** @param root raw id of the root tree. */
  constructor(trees: Trees, root: Uint8Array) {
    this.#trees = trees;
    this.#root = { type: "tree", id: root };
  }

  find(path: Uint8Array): Entry | undefined {
    let entry = this.#root;
    for (const name of splitPath(path)) {
      if (entry.type !== "tree") return undefined;
      const child = this.#trees.read(entry.id).find((candidate) => sameBytes(candidate.name, name));
      if (child === undefined) return undefined;
      entry = child;
    }
    return entry;
  }

  *startingWith(prefix: Uint8Array): Generator<PathEntry> {
    // The deepest folder that the prefix names whole; what is left selects among its entries.
    const slash = prefix.lastIndexOf(0x2f);
    const folder = prefix.subarray(0, Math.max(0, slash));
    const start = this.find(folder);
    if (start?.type !== "tree") return;
    const pending: PathEntry[] = [];
    const open = (id: Uint8Array, path: Uint8Array) => {
      const children = this.#trees.read(id).map((child) => at(path, child));
      for (const child of children.reverse()) if (overlaps(child, prefix)) pending.push(child);
    };
    open(start.id, folder);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next.type === "tree") open(next.id, next.path);
      else yield next;
    }
  }
}

function at(folder: Uint8Array, child: TreeEntry): PathEntry {
  return { type: child.type, id: child.id, path: joinPath(folder, child.name) };
}

/** Whether the entry, or something below it, has a path that starts with the prefix. */
function overlaps({ type, path }: PathEntry, prefix: Uint8Array): boolean {
  if (startsWith(path, prefix)) return true;
  return type === "tree" && startsWith(prefix, path) && (prefix[path.length] === 0x2f || path.length === 0);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && startsWith(a, b);
}

import { DocteurError } from "../errors.ts";
import type { Tree } from "../git/tree.ts";
import type { Entry, Layout, PathEntry } from "./layout.ts";
import { joinPath, splitPath, startsWith } from "./path.ts";
import type { Trees } from "./trees.ts";

/** The `light` layout: walks from the root on every look-up and knows nothing in advance. */
export class TreeWalk implements Layout {
  readonly byteLength = 0;
  readonly #trees: Trees;
  readonly #root: Entry;
  readonly #capacity: number;

  /**
   * @param root raw id of the root tree.
   * @param capacity bytes that the trees on the way down may take while paths are listed.
   */
  constructor(trees: Trees, root: Uint8Array, capacity: number) {
    this.#trees = trees;
    this.#root = { type: "tree", id: root };
    this.#capacity = capacity;
  }

  find(path: Uint8Array): Entry | undefined {
    let entry: Entry | undefined = this.#root;
    for (const name of splitPath(path)) {
      entry = this.findIn(entry, name);
      if (entry === undefined) return undefined;
    }
    return entry;
  }

  findIn(folder: Entry, name: Uint8Array): Entry | undefined {
    if (folder.type !== "tree") return undefined;
    return this.#trees.read(folder.id).find(name);
  }

  /** @throws {DocteurError} `LAYOUT_TOO_LARGE`, if the trees on the way down do not fit in the capacity. */
  *startingWith(prefix: Uint8Array): Generator<PathEntry> {
    // The deepest folder that the prefix names whole; what is left selects among its entries.
    const slash = prefix.lastIndexOf(0x2f);
    const top = prefix.subarray(0, Math.max(0, slash));
    const start = this.find(top);
    if (start?.type !== "tree") return;
    const rest = prefix.subarray(slash + 1);
    const folders: Level[] = [{ tree: this.#trees.read(start.id), next: 0, path: top }];
    let held = 0;
    for (let folder = folders.at(-1); folder !== undefined; folder = folders.at(-1)) {
      const { tree } = folder;
      if (folder.next === tree.count) {
        held -= tree.byteLength;
        folders.pop();
        continue;
      }
      const { type, name, id } = tree.entry(tree.inOrder(folder.next++));
      if (folders.length === 1 && !startsWith(name, rest)) continue;
      const path = joinPath(folder.path, name);
      if (type !== "tree") {
        yield { type, id, path: new Uint8Array(path) };
        continue;
      }
      const below = this.#trees.read(id);
      held += below.byteLength;
      if (held > this.#capacity) {
        const what = `the folders above one path do not fit in ${this.#capacity} bytes`;
        throw new DocteurError("LAYOUT_TOO_LARGE", what);
      }
      folders.push({ tree: below, next: 0, path });
    }
  }
}

interface Level {
  readonly tree: Tree;
  readonly path: Uint8Array;
  next: number;
}

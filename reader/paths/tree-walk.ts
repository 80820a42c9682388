import { Descent, listingLimits } from "./descent.ts";
import type { Entry, Layout, PathEntry } from "./layout.ts";
import { isFolderPath, splitPath, startsWith } from "./path.ts";
import type { Trees } from "./trees.ts";

/** The `light` layout: walks from the root for every path and reads nothing in advance. */
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
    return this.#trees.readOnPath(folder.id).find(name);
  }

  /**
   * @throws {DocteurError} `LAYOUT_TOO_LARGE`, if the trees on the way down do not fit in the capacity;
   * `LISTING_TOO_LARGE`, if there are more entries, folders included, than an image of files has.
   */
  *startingWith(prefix: Uint8Array): Generator<PathEntry> {
    // The prefix names this folder; what comes after its last slash selects entries.
    const slash = prefix.lastIndexOf(0x2f);
    const top = prefix.subarray(0, Math.max(0, slash));
    this.#trees.startLookup();
    const start = isFolderPath(prefix.subarray(0, slash + 1)) ? this.find(top) : undefined;
    if (start?.type !== "tree") return;
    const rest = prefix.subarray(slash + 1);
    const limits = { ...listingLimits(this.#trees.objects), held: this.#capacity };
    const descent = new Descent(this.#trees, start.id, top, limits, "git");
    while (descent.next()) {
      if (descent.depth === 0 && !startsWith(descent.name, rest)) descent.skip();
      else if (descent.type !== "tree") {
        yield { type: descent.type, id: descent.id, path: descent.path.slice() };
      }
    }
  }
}

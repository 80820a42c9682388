import { DocteurError } from "../errors.ts";
import type { TreeEntry } from "../git/tree.ts";
import type { Entry, Layout, PathEntry } from "./layout.ts";
import { joinPath, splitPath, startsWith } from "./path.ts";
import { memoryOf, type Trees } from "./trees.ts";

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
    return this.#trees.read(folder.id).find((child) => sameBytes(child.name, name));
  }

  /** @throws {DocteurError} `LAYOUT_TOO_LARGE`, if the trees on the way down do not fit in the capacity. */
  *startingWith(prefix: Uint8Array): Generator<PathEntry> {
    // The deepest folder that the prefix names whole; what is left selects among its entries.
    const slash = prefix.lastIndexOf(0x2f);
    const top = prefix.subarray(0, Math.max(0, slash));
    const start = this.find(top);
    if (start?.type !== "tree") return;
    const rest = prefix.subarray(slash + 1);
    const selected = this.#trees.read(start.id).filter(({ name }) => startsWith(name, rest));
    const folders: Level[] = [{ entries: selected, next: 0, path: top }];
    let held = memoryOf(selected);
    for (let folder = folders.at(-1); folder !== undefined; folder = folders.at(-1)) {
      const entry = folder.entries[folder.next++];
      if (entry === undefined) {
        held -= memoryOf(folder.entries);
        folders.pop();
        continue;
      }
      const path = joinPath(folder.path, entry.name);
      if (entry.type !== "tree") {
        yield { type: entry.type, id: entry.id, path: new Uint8Array(path) };
        continue;
      }
      const entries = this.#trees.read(entry.id);
      held += memoryOf(entries);
      if (held > this.#capacity) {
        const what = `the folders above one path do not fit in ${this.#capacity} bytes`;
        throw new DocteurError("LAYOUT_TOO_LARGE", what);
      }
      folders.push({ entries, next: 0, path });
    }
  }
}

interface Level {
  readonly entries: readonly TreeEntry[];
  readonly path: Uint8Array;
  next: number;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && startsWith(a, b);
}

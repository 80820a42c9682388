import type { PackObject } from "./pack-object.ts";
import { type Folders, type ListedFolder, NO_ITEM } from "./similar-order.ts";

/** A folder that grows. */
class ObjectFolder implements ListedFolder {
  readonly names: string[] = [];
  readonly sizes: number[] = [];
  readonly folders: number[] = [];
  readonly items: number[] = [];
  /** Indexes of the folders in it, by their names. */
  readonly indexes = new Map<string, number>();

  /** @returns the index of the new entry. */
  add(name: string, size: number, folder: number, item: number): number {
    this.sizes.push(size);
    this.folders.push(folder);
    this.items.push(item);
    return this.names.push(name) - 1;
  }
}

/** Objects of a commit as what is in the folders of their paths; an item is an index in the list of objects. */
export class ObjectFolders implements Folders {
  /** Commit and root, which are in no folder. */
  readonly top: readonly PackObject[];
  readonly #folders: ObjectFolder[] = [new ObjectFolder()];

  /** @param objects each once; its first path. */
  constructor(objects: readonly PackObject[]) {
    this.top = objects.filter(({ path }) => path === "");
    for (const [item, { kind, path, size }] of objects.entries()) {
      if (path === "") continue;
      const names = path.split("/");
      const last = names.pop() as string;
      let folder = this.#folders[0] as ObjectFolder;
      for (const name of names) folder = this.#enter(folder, name);
      if (kind === "blob") {
        folder.add(last, size, 0, item);
      } else {
        this.#enter(folder, last);
        const index = folder.indexes.get(last) as number;
        folder.sizes[index] = size;
        folder.items[index] = item;
      }
    }
  }

  folder(number: number): ListedFolder {
    return this.#folders[number] as ListedFolder;
  }

  #enter(folder: ObjectFolder, name: string): ObjectFolder {
    let index = folder.indexes.get(name);
    if (index === undefined) {
      index = folder.add(name, 0, this.#folders.push(new ObjectFolder()) - 1, NO_ITEM);
      folder.indexes.set(name, index);
    }
    return this.#folders[folder.folders[index] as number] as ObjectFolder;
  }
}

import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import type { EntryType } from "../../reader/git/tree.ts";
import { NumberList } from "../number-list.ts";
import type { Folders, ListedFolder } from "../packing/similar-order.ts";

/** Bytes collected before they are written. */
const BUFFER = 256 * 1024;

/** What can be in a folder; the index is what stands for it in the file. */
const TYPES = ["file", "executable", "symlink", "tree"] as const satisfies readonly EntryType[];

/** The bytes that stand for a link and for a folder. */
const SYMLINK: number = TYPES.indexOf("symlink");
const TREE: number = TYPES.indexOf("tree");

/** Bytes of an entry before its name: its type, the length of the name, its size. */
const SIZE_BYTES = 6;
const FIELDS = 2 + SIZE_BYTES;

/** What a folder has, in the order of its tree; the same index stands for the same entry. */
export interface FolderContents {
  /** Their bytes as Latin-1, at most 255. */
  readonly names: readonly string[];
  readonly types: readonly EntryType[];
  /** Bytes of files and links; 0 of folders. */
  readonly sizes: readonly number[];
}

/**
 * A folder as it was listed. The item of a file is twice the number of its entry, that of a link one more;
 * that of a folder is the folder's number.
 */
export interface Listed extends ListedFolder {
  readonly types: readonly EntryType[];
}

/**
 * What is in a folder and in those below it: names, types and sizes, in a file. Numbers stand for folders,
 * from 0, the top folder, on, each before those in it; and for the entries of all folders, from 0 on. Memory
 * is 40 bytes a folder, and nothing for a file. Methods throw what `fs` throws.
 */
export class Listing implements Folders, Disposable {
  /** Bytes of all files. */
  bytes = 0;
  /** Entries in all folders; the number of the first in the next one. */
  entries = 0;
  readonly #file: ListingFile;
  /** Of each folder: where its entries lie in the file, how many bytes they are, and how many. */
  readonly #offsets = new NumberList(Float64Array);
  readonly #byteLengths = new NumberList();
  readonly #counts = new NumberList();
  /** The numbers of its first entry, and of the first folder in it. */
  readonly #firstEntries = new NumberList();
  readonly #firstFolders = new NumberList();
  /** The folder that it is in, and where its own entry lies. */
  readonly #parents = new NumberList();
  readonly #names = new NumberList(Float64Array);
  readonly #treeSizes = new NumberList();

  /** @param path a new file, which is unlinked at once. */
  constructor(path: string) {
    this.#file = new ListingFile(path);
    this.#newFolder(0, 0);
  }

  /** The folders so far, listed or not. */
  get folders(): number {
    return this.#parents.length;
  }

  /** Lists a folder. Those in it get the next numbers. */
  add(folder: number, { names, types, sizes }: FolderContents): void {
    const start = this.#file.end;
    this.#offsets.set(folder, start);
    this.#counts.set(folder, names.length);
    this.#firstEntries.set(folder, this.entries);
    this.#firstFolders.set(folder, this.folders);
    for (const [index, name] of names.entries()) {
      const type = TYPES.indexOf(types[index] as (typeof TYPES)[number]);
      const size = sizes[index] as number;
      if (type === TREE) this.#newFolder(folder, this.#file.end);
      else this.bytes += size;
      this.#file.append(type, size, name);
    }
    this.#byteLengths.set(folder, this.#file.end - start);
    this.entries += names.length;
  }

  folder(number: number): Listed {
    const bytes = this.#file.read(this.#offsets.at(number), this.#byteLengths.at(number));
    const count = this.#counts.at(number);
    const names: string[] = [];
    const types: EntryType[] = [];
    const sizes = new Float64Array(count);
    const folders = new Uint32Array(count);
    const items = new Uint32Array(count);
    let nextFolder = this.#firstFolders.at(number);
    for (let index = 0, at = 0; index < count; index++) {
      const type = bytes[at] as number;
      const end = at + FIELDS + (bytes[at + 1] as number);
      names.push(bytes.toString("latin1", at + FIELDS, end));
      types.push(TYPES[type] as EntryType);
      if (type === TREE) {
        sizes[index] = this.#treeSizes.at(nextFolder);
        items[index] = nextFolder;
        folders[index] = nextFolder++;
      } else {
        sizes[index] = bytes.readUIntLE(at + 2, SIZE_BYTES);
        items[index] = 2 * (this.#firstEntries.at(number) + index) + (type === SYMLINK ? 1 : 0);
      }
      at = end;
    }
    return { names, types, sizes, folders, items };
  }

  /** The path from the top folder, a slash before each name, its bytes as Latin-1. */
  path(folder: number): string {
    let path = "";
    for (let at = folder; at !== 0; at = this.#parents.at(at)) {
      const start = this.#names.at(at);
      const length = this.#file.read(start + 1, 1)[0] as number;
      path = `/${this.#file.read(start + FIELDS, length).toString("latin1")}${path}`;
    }
    return path;
  }

  /** Sets the size of a folder's tree, in bytes. */
  setTreeSize(folder: number, size: number): void {
    this.#treeSizes.set(folder, size);
  }

  treeSize(folder: number): number {
    return this.#treeSizes.at(folder);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #newFolder(parent: number, name: number): void {
    this.#parents.push(parent);
    this.#names.push(name);
    for (const numbers of [
      this.#offsets,
      this.#byteLengths,
      this.#counts,
      this.#firstEntries,
      this.#firstFolders,
      this.#treeSizes,
    ]) {
      numbers.push(0);
    }
  }
}

/** Entries one after the other in a file. */
class ListingFile implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER);
  #buffered = 0;
  /** Bytes that have left the buffer. */
  #written = 0;

  constructor(path: string) {
    this.#fd = openSync(path, "wx+");
    // It takes space until it is closed, and no longer.
    unlinkSync(path);
  }

  /** Where the next entry begins. */
  get end(): number {
    return this.#written + this.#buffered;
  }

  append(type: number, size: number, name: string): void {
    if (this.#buffered + FIELDS + name.length > BUFFER) this.#flush();
    const buffer = this.#buffer;
    buffer[this.#buffered] = type;
    buffer[this.#buffered + 1] = name.length;
    buffer.writeUIntLE(size, this.#buffered + 2, SIZE_BYTES);
    this.#buffered += FIELDS + buffer.write(name, this.#buffered + FIELDS, "latin1");
  }

  read(offset: number, length: number): Buffer {
    if (offset + length > this.#written) this.#flush();
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const count = readSync(this.#fd, bytes, done, length - done, offset + done);
      if (count === 0) throw new Error("the list of files is cut short");
      done += count;
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #flush(): void {
    for (let done = 0; done < this.#buffered; ) {
      done += writeSync(this.#fd, this.#buffer, done, this.#buffered - done, this.#written + done);
    }
    this.#written += this.#buffered;
    this.#buffered = 0;
  }
}

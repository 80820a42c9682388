import { ImageDirent } from "./dirent.ts";
import type { Encoding } from "./encoding.ts";
import { encodeName } from "./encoding.ts";
import type { FolderEntry } from "./folder-entries.ts";
import { parentPath } from "./parent-path.ts";

/** An open folder, after `fs.Dir`: reads one entry after the other, in git's order. */
export class ImageDir implements AsyncIterable<ImageDirent>, AsyncDisposable, Disposable {
  /** As it was given. */
  readonly path: string | Buffer;
  readonly #entries: Iterator<FolderEntry>;
  readonly #encoding: Encoding | null | undefined;
  #open = true;

  constructor(path: string | Buffer, entries: Iterator<FolderEntry>, encoding: Encoding | null | undefined) {
    this.path = path;
    this.#entries = entries;
    this.#encoding = encoding;
  }

  /** The next entry, null after the last. @throws {Error} `ERR_DIR_CLOSED`; {FsError} `EIO`. */
  readSync(): ImageDirent | null {
    if (!this.#open) throw closed();
    const next = this.#entries.next();
    if (next.done === true) return null;
    const { entry, parent } = next.value;
    return new ImageDirent(
      encodeName(entry.rawName, this.#encoding),
      parentPath(this.path, parent),
      entry.type,
    );
  }

  closeSync(): void {
    if (!this.#open) throw closed();
    this.#open = false;
  }

  read(): Promise<ImageDirent | null>;
  read(callback: (error: unknown, entry?: ImageDirent | null) => void): void;
  read(
    callback?: (error: unknown, entry?: ImageDirent | null) => void,
  ): Promise<ImageDirent | null> | undefined {
    return settle(() => this.readSync(), callback);
  }

  close(): Promise<void>;
  close(callback: (error: unknown) => void): void;
  close(callback?: (error: unknown) => void): Promise<void> | undefined {
    return settle(() => this.closeSync(), callback);
  }

  /** Closes the folder at the end, also when the loop is left early. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ImageDirent, void> {
    try {
      for (let entry = this.readSync(); entry !== null; entry = this.readSync()) yield entry;
    } finally {
      if (this.#open) this.closeSync();
    }
  }

  entries(): AsyncGenerator<ImageDirent, void> {
    return this[Symbol.asyncIterator]();
  }

  [Symbol.dispose](): void {
    if (this.#open) this.closeSync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}

function settle<Result>(
  work: () => Result,
  callback: ((error: unknown, result?: Result) => void) | undefined,
): Promise<Result> | undefined {
  const promise = (async () => work())();
  if (callback === undefined) return promise;
  promise.then(
    (result) => process.nextTick(callback, null, result),
    (error) => process.nextTick(callback, error),
  );
  return undefined;
}

function closed(): Error {
  return Object.assign(new Error("Directory handle was closed"), { code: "ERR_DIR_CLOSED" });
}

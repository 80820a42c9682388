import type { Store } from "../../reader/store/store.ts";
import { Tar } from "../archive/tar.ts";
import type { ArchiveEntry } from "./archive-entries.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import type { ArchivedEntry, ArchiveWriter } from "./archive-writer.ts";

/** Writes a tar; see `Tar`. */
export class TarWriter implements ArchiveWriter {
  readonly #store: Store;
  readonly #files: ArchiveFiles;
  readonly #tar: Tar;

  constructor(store: Store, files: ArchiveFiles) {
    this.#store = store;
    this.#files = files;
    this.#tar = new Tar(store.id, store.commit.committer.date);
  }

  get start(): Uint8Array {
    return this.#tar.start;
  }

  async entry(entry: ArchiveEntry): Promise<ArchivedEntry> {
    if (entry.type === "file" || entry.type === "executable") {
      const file = await this.#files.plain(entry.imagePath, entry.id);
      const before = this.#tar.header({ ...entry, size: file.size });
      return { ...file, before, after: this.#tar.padding(file.size) };
    }
    const target = entry.type === "symlink" ? this.#store.readLink(entry.imagePath) : undefined;
    return { before: this.#tar.header({ ...entry, size: 0, target }), ...NOTHING };
  }

  *end(offset: number): Generator<Uint8Array> {
    yield this.#tar.end(offset);
  }
}

const NOTHING = { pieces: [], after: new Uint8Array(), close: () => {} };

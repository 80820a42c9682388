import { crc32 } from "../../reader/node-platform.ts";
import type { Store } from "../../reader/store/store.ts";
import { DEFLATED, STORED, Zip, type ZipContent } from "../archive/zip.ts";
import { type ArchiveEntry, entriesBelow } from "./archive-entries.ts";
import type { ArchiveFile, ArchiveFiles } from "./archive-files.ts";
import type { ArchivedEntry, ArchiveWriter } from "./archive-writer.ts";

/** Writes a zip; see `Zip`. Keeps five numbers of each entry, and reads the names again for the directory. */
export class ZipWriter implements ArchiveWriter {
  readonly start: Uint8Array = new Uint8Array();
  readonly #store: Store;
  readonly #files: ArchiveFiles;
  readonly #folder: Uint8Array;
  readonly #zip: Zip;
  readonly #contents: KeptContents;
  readonly #count: number;
  #next = 0;

  /** @param count of the entries below the folder. */
  constructor(store: Store, files: ArchiveFiles, folder: Uint8Array, count: number) {
    this.#store = store;
    this.#files = files;
    this.#folder = folder;
    this.#zip = new Zip(store.commit.committer.date);
    this.#contents = new KeptContents(count);
    this.#count = count;
  }

  async entry(entry: ArchiveEntry, offset: number): Promise<ArchivedEntry> {
    const content = await this.#content(entry);
    this.#contents.keep(this.#next++, content, offset);
    return { ...content, before: this.#zip.local({ ...entry, ...content }), after: EMPTY };
  }

  *end(offset: number): Generator<Uint8Array> {
    let size = 0;
    let index = 0;
    for (const entry of entriesBelow(this.#store, this.#folder)) {
      const content = this.#contents.content(index);
      const record = this.#zip.central({ ...entry, ...content }, this.#contents.offset(index++));
      size += record.length;
      yield record;
    }
    yield this.#zip.end(this.#count, offset, size, this.#store.id);
  }

  async #content({ type, imagePath, id }: ArchiveEntry): Promise<ArchiveFile & ZipContent> {
    if (type === "file" || type === "executable") return this.#files.zipped(imagePath, id);
    const bytes = type === "symlink" ? this.#store.readLink(imagePath) : EMPTY;
    const size = bytes.length;
    return { method: STORED, crc: crc32(bytes), size, stored: size, pieces: [bytes], close: () => {} };
  }
}

const EMPTY = new Uint8Array();

/** Bytes that a zip keeps of each entry until its end. */
export const KEPT_PER_ENTRY = 29;

/** What the central directory says of each content. */
class KeptContents {
  readonly #methods: Uint8Array;
  readonly #crcs: Uint32Array;
  readonly #sizes: Float64Array;
  readonly #stored: Float64Array;
  readonly #offsets: Float64Array;

  constructor(count: number) {
    this.#methods = new Uint8Array(count);
    this.#crcs = new Uint32Array(count);
    this.#sizes = new Float64Array(count);
    this.#stored = new Float64Array(count);
    this.#offsets = new Float64Array(count);
  }

  keep(index: number, { method, crc, size, stored }: ZipContent, offset: number): void {
    this.#methods[index] = method;
    this.#crcs[index] = crc;
    this.#sizes[index] = size;
    this.#stored[index] = stored;
    this.#offsets[index] = offset;
  }

  content(index: number): ZipContent {
    return {
      method: this.#methods[index] === DEFLATED ? DEFLATED : STORED,
      crc: this.#crcs[index]!,
      size: this.#sizes[index]!,
      stored: this.#stored[index]!,
    };
  }

  /** Of the entry's local header in the zip. */
  offset(index: number): number {
    return this.#offsets[index]!;
  }
}

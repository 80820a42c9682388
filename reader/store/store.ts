import type { BlockDevice } from "../block/device.ts";
import { LARGEST_LIST } from "../bounds.ts";
import { BulkRead } from "../bulk/bulk-read.ts";
import { readValues } from "../bulk/read-values.ts";
import { threadOptions } from "../bulk/thread-options.ts";
import { DocteurError, isLayoutFault } from "../errors.ts";
import type { Commit } from "../git/commit.ts";
import type { HashAlgorithm } from "../git/hash.ts";
import { algorithmOf, ID_LENGTHS } from "../git/object-format.ts";
import { hex, raw } from "../git/object-id.ts";
import type { EntryType } from "../git/tree.ts";
import type { ConnectOptions } from "../image/open-objects.ts";
import type { BlobReader } from "../pack/blob-reader.ts";
import type { CompressedBlob } from "../pack/compressed-blob.ts";
import type { ExpectedIndex } from "../pack/expected-index.ts";
import type { Objects } from "../pack/objects.ts";
import { Descent, listingLimits } from "../paths/descent.ts";
import type { Entry, Layout } from "../paths/layout.ts";
import { PathCounting } from "../paths/path-counts.ts";
import type { Trees } from "../paths/trees.ts";
import type { Description } from "./description.ts";
import { DictionaryExpectedError, NotFoundError, TooManyLinksError, ValueExpectedError } from "./errors.ts";
import { Folder, type ListEntry } from "./folder.ts";
import { atPath, errorAtPath, type Key, keyBytes, piecesAtPath, showKey } from "./key.ts";
import { type Kind, kindOf } from "./kind.ts";
import { type Resolution, resolvePath } from "./resolve.ts";
import { streamValue } from "./stream-value.ts";

/** A part of a value, in bytes. */
export interface Range {
  /** First byte. */
  readonly offset: number;
  /** Bytes to read; fewer are read where the value ends. */
  readonly length: number;
}

/**
 * The read-only key/value view of an image, after mirage-kv's `RO`. Synchronous: a read is a `pread` on a
 * machine that has nothing else to do.
 *
 * Every method verifies a content by its id before it returns a byte of it. The exception is `open`: its
 * reader gives bytes of a blob that passes through a window before they are verified, until its `verify` has
 * returned true.
 *
 * Any method throws `InvalidImageError` where the image is damaged, and `DocteurError` `OBJECT_TOO_LARGE` or
 * `TOO_MUCH_WORK` where an object goes beyond the bounds in docs/STORE.md. Symbolic links are followed within
 * the image.
 */
export class Store {
  /** The hash function that names the objects: an id has 40 hexadecimal digits by SHA-1, 64 by SHA-256. */
  readonly hash: HashAlgorithm;
  /** The commit's id, hexadecimal. */
  readonly id: string;
  readonly commit: Commit;
  /** The root tree's id, hexadecimal. */
  readonly root: string;
  readonly #objects: Objects;
  readonly #index: ExpectedIndex;
  readonly #trees: Trees;
  readonly #layout: Layout;
  readonly #device: BlockDevice;
  readonly #options: ConnectOptions;
  #bulk: BulkRead | undefined;

  /** Use `connect`. */
  constructor(
    id: string,
    commit: Commit,
    parts: {
      device: BlockDevice;
      options: ConnectOptions;
      objects: Objects;
      /** That of `objects`. */
      index: ExpectedIndex;
      trees: Trees;
      layout: Layout;
    },
  ) {
    this.hash = algorithmOf(id);
    this.id = id;
    this.commit = commit;
    this.root = commit.tree;
    this.#objects = parts.objects;
    this.#index = parts.index;
    this.#trees = parts.trees;
    this.#layout = parts.layout;
    this.#device = parts.device;
    this.#options = parts.options;
  }

  /**
   * Bytes of memory that the layout takes until the store is released: 0 for `light`, some tens a path for
   * `fast`.
   */
  get layoutSize(): number {
    return this.#layout.byteLength;
  }

  /** The kind of what a key names, links followed; undefined if it names nothing. */
  exists(key: Key): Kind | undefined {
    const found = this.#sound(key, () => this.#resolve(key, true));
    return typeof found === "string" ? undefined : kindOf(found.entry.type);
  }

  /**
   * Reads the whole value, into memory of its own.
   * @throws {NotFoundError | ValueExpectedError | DictionaryExpectedError | TooManyLinksError}
   */
  get(key: Key): Uint8Array {
    return this.#sound(key, () => this.#objects.read(this.#value(key).id, "blob"));
  }

  /**
   * Reads the values of many keys, in the order of the keys. Much faster than a `get` for each where there is
   * more than one CPU: threads read the values ahead.
   *
   * @param options `largest`: bytes of the largest value to read. For a larger one the item is an error
   * `OBJECT_TOO_LARGE`; use `stream`. Default: as for `get`.
   * @returns for each key its value, or the error that `get` would throw. The value is valid until the next
   * is asked for, and may be in shared memory.
   */
  getAll(
    keys: Iterable<Key>,
    { largest }: { readonly largest?: number | undefined } = {},
  ): AsyncGenerator<{ readonly key: Key; readonly value: Uint8Array | DocteurError }> {
    const find = (key: Key) => this.#idOfIndexed(key);
    const item = (key: Key, value: Uint8Array | DocteurError) => ({
      key,
      value: errorAtPath(value, key),
    });
    return readValues(this.#bulkRead, this.#objects, keys, find, item, largest);
  }

  /**
   * Reads the blobs with these ids, hexadecimal, as `getAll` reads values. Each is verified by its id. Nothing
   * says that the commit reaches it.
   *
   * @throws {RangeError} if one of them is no id by the hash function of the image; the iteration ends.
   */
  getAllById(
    ids: Iterable<string>,
  ): AsyncGenerator<{ readonly id: string; readonly value: Uint8Array | DocteurError }> {
    const idLength = ID_LENGTHS[this.hash];
    const find = (id: string) => raw(id, idLength);
    return readValues(this.#bulkRead, this.#objects, ids, find, (id, value) => ({ id, value }));
  }

  /**
   * Reads a part of the value. An undeltified value passes through a window, and memory holds the part alone.
   *
   * @throws {RangeError} if offset or length is not an integer from 0 to 2^53 - 1. Otherwise as `get`.
   */
  getPartial(key: Key, { offset, length }: Range): Uint8Array {
    if (!isNatural(offset) || !isNatural(length)) {
      throw new RangeError(`offset and length must be integers from 0 on, not ${offset} and ${length}`);
    }
    return this.#sound(key, () => this.#objects.readPart(this.#value(key).id, offset, length));
  }

  /**
   * Opens a reader of the value at any offset, for values too large for memory. `BlobReader` says what it
   * verifies. Close it.
   * @throws as `get`.
   */
  open(key: Key): BlobReader {
    return this.#sound(key, () => {
      const blob = this.#objects.open(this.#value(key).id);
      // A caller that has verified a blob of this id before may read it unverified now.
      if (blob.verified || !this.#index.wasMisled()) return blob;
      blob.close();
      this.#layout.distrust?.();
      return this.#objects.open(this.#value(key).id);
    });
  }

  /**
   * Reads the value in pieces, each valid until the next is asked for, and all verified. An undeltified value
   * of any size passes through a window twice: first it is verified, then it is read. So does a delta that is
   * too large for memory; any other delta is applied in memory. All yield to the event loop.
   * @throws as `get`; and {InvalidImageError} if the device returns other bytes the second time; they are not
   * passed on.
   */
  stream(key: Key): AsyncGenerator<Uint8Array> {
    return piecesAtPath(key, this.#stream(key, this.#value(key)));
  }

  /**
   * Opens the value's zlib stream as it is in the image (RFC 1950). Close it.
   *
   * @param length bytes of the stream, if the very same value of this image was verified before.
   * @returns undefined if the value is stored as a delta.
   * @throws as `get`.
   */
  openCompressed(key: Key, length?: number): CompressedBlob | undefined {
    return atPath(key, () => this.#objects.openCompressed(this.#idOfIndexed(key), length));
  }

  /**
   * Lists the entries of a dictionary in the order of its tree: git's order (by bytes, a folder's name as if
   * it ended in a slash), unless an odd program wrote the tree. Each name is listed once, with the entry that
   * a path finds.
   * @throws {NotFoundError | DictionaryExpectedError | TooManyLinksError}
   * @throws {DocteurError} `FOLDER_TOO_LARGE`, if there are more than 500,000; `folder` reads them one by
   * one.
   */
  list(key: Key): ListEntry[] {
    const list = () => {
      const folder = this.folder(key);
      if (folder.count <= LARGEST_LIST) return [...folder];
      const what = `${showKey(key)}: a folder of ${folder.count} entries is too large for a list`;
      throw new DocteurError("FOLDER_TOO_LARGE", `${what}, of at most ${LARGEST_LIST}; use Store.folder`);
    };
    try {
      return list();
    } catch (error) {
      // It is left by now, and does not give a wrong number of entries again.
      if (isLayoutFault(error)) return list();
      throw error;
    }
  }

  /**
   * Opens a dictionary of any size, to read its entries one by one.
   * @throws {NotFoundError | DictionaryExpectedError | TooManyLinksError}
   */
  folder(key: Key): Folder {
    const { path, entry } = this.#found(key, true);
    if (kindOf(entry.type) === "value") throw new DictionaryExpectedError(showKey(key));
    if (entry.type !== "tree") return new Folder(undefined, this.#objects);
    const readTree = () => atPath(key, () => this.#trees.read(entry.id));
    const frozen = this.#layout.list?.(entry, path);
    if (frozen === undefined) return new Folder(readTree(), this.#objects);
    const leaveLayout = () => {
      this.#layout.distrust?.();
      return readTree();
    };
    return new Folder(frozen, this.#objects, leaveLayout);
  }

  /**
   * Starts a descent through everything below a dictionary, in the order of the trees, a folder before its
   * entries. Links are not followed. The descent fails with `LISTING_TOO_LARGE` where few objects name far
   * more paths than an image of files has.
   *
   * @param path what the paths begin with. Default nothing.
   * @param weight how many entries each counts for: more if the caller keeps it, or does much with it.
   * Default 1.
   * @returns undefined for a submodule.
   * @throws {NotFoundError | DictionaryExpectedError | TooManyLinksError}
   */
  descend(key: Key, path: Uint8Array = NOWHERE, weight = 1): Descent | undefined {
    const { entry } = this.#found(key, true);
    if (kindOf(entry.type) === "value") throw new DictionaryExpectedError(showKey(key));
    if (entry.type !== "tree") return undefined;
    return new Descent(this.#trees, entry.id, path, listingLimits(this.#objects, weight));
  }

  /** Starts to count the paths of the image; `step` goes on. */
  countPaths(): PathCounting {
    return new PathCounting(this.#objects, raw(this.root));
  }

  /** Bytes of a value, read from the headers of its entry without inflating it. @throws as `get`. */
  size(key: Key): number {
    return atPath(key, () => this.#objects.describe(this.#idOfIndexed(key), "blob").size);
  }

  /**
   * The object id of a value or a dictionary, hexadecimal: equal ids mean equal content.
   * @throws {NotFoundError | DictionaryExpectedError | TooManyLinksError}
   */
  digest(key: Key): string {
    return hex(this.#found(key, true).entry.id);
  }

  /**
   * When the value or dictionary last changed. An image has one commit, so this is the commit's date.
   * @throws {NotFoundError | DictionaryExpectedError | TooManyLinksError}
   */
  lastModified(key: Key): Date {
    this.#found(key, true);
    return new Date(this.commit.committer.date * 1000);
  }

  /**
   * Lists everything but folders whose path starts with these bytes, in byte order of the paths. Links are
   * not followed.
   * @throws {DocteurError} `LAYOUT_TOO_LARGE`, from the layout `light`; `LISTING_TOO_LARGE`, from it and from
   * `frozen`.
   */
  *prefix(
    start: Key,
  ): Generator<{ readonly path: Uint8Array; readonly type: EntryType; readonly id: string }> {
    const bytes = keyBytes(start);
    let skip = 0;
    while (bytes[skip] === SLASH) skip++;
    for (const { path, type, id } of this.#layout.startingWith(bytes.subarray(skip))) {
      yield { path, type, id: hex(id) };
    }
  }

  /**
   * Describes what a path names.
   * @param follow whether a symbolic link that is the last name is followed. Default true.
   * @throws {NotFoundError | DictionaryExpectedError | TooManyLinksError}
   */
  describe(key: Key, follow = true): Description {
    const { path, entry } = this.#found(key, follow);
    this.#index.expect(entry.id, undefined);
    const kind = kindOf(entry.type);
    const size = kind === "value" ? this.#objects.describe(entry.id, "blob").size : 0;
    return { path, kind, type: entry.type, id: hex(entry.id), size };
  }

  /**
   * Reads the target of a symbolic link, as it is in the image.
   * @throws {DocteurError} `NOT_A_LINK`; `OBJECT_TOO_LARGE` for more than 1 MiB; otherwise as `describe`.
   */
  readLink(key: Key): Uint8Array {
    return this.#sound(key, () => {
      const { entry } = this.#found(key, false);
      if (entry.type !== "symlink")
        throw new DocteurError("NOT_A_LINK", `${showKey(key)}: not a symbolic link`);
      const { size } = this.#objects.describe(entry.id, "blob");
      if (size > LARGEST_TARGET) {
        const what = `${showKey(key)}: the link's target has ${size} bytes`;
        throw new DocteurError("OBJECT_TOO_LARGE", `${what}; readLink reads at most ${LARGEST_TARGET}`);
      }
      return this.#objects.read(entry.id, "blob");
    });
  }

  /** Closes the device and ends the threads. The store must not be used afterwards. */
  close(): void {
    this.#bulk?.close();
    this.#device.close();
  }

  get #bulkRead(): BulkRead {
    this.#bulk ??= new BulkRead(this.#objects, threadOptions(this.#device, this.#options));
    return this.#bulk;
  }

  #resolve(key: Key, follow: boolean): Resolution {
    this.#trees.startLookup();
    const readLink = (link: Entry) => {
      this.#trees.checkLookup();
      this.#index.expect(link.id, link.offset);
      const isTooLong = () => this.#objects.describe(link.id, "blob").size >= PATH_MAX;
      if (!isTooLong()) return this.#objects.read(link.id, "blob");
      if (!this.#index.wasMisled()) return NOWHERE;
      this.#layout.distrust?.();
      return isTooLong() ? NOWHERE : this.#objects.read(link.id, "blob");
    };
    return resolvePath(this.#layout, keyBytes(key), readLink, follow);
  }

  #found(key: Key, follow: boolean) {
    const found = this.#sound(key, () => this.#resolve(key, follow));
    if (typeof found !== "string") {
      this.#index.expect(found.entry.id, found.entry.offset);
      return found;
    }
    if (found === "ELOOP") throw new TooManyLinksError(showKey(key));
    if (found === "ENOTDIR") throw new DictionaryExpectedError(showKey(key));
    throw new NotFoundError(showKey(key));
  }

  /**
   * Does work for a key; once more without the layout, if that has said where an object lies, and it does not.
   */
  #sound<Result>(key: Key, work: () => Result): Result {
    return atPath(key, () => {
      try {
        return work();
      } catch (error) {
        this.#leaveIfMisled(error);
        return work();
      }
    });
  }

  /** Leaves the layout if the error comes of reading an object where that says. @throws the error, if not. */
  #leaveIfMisled(error: unknown): void {
    if (!this.#index.hasMisled(error)) throw error;
    this.#layout.distrust?.();
  }

  /** The pieces of a value; from elsewhere if it does not lie where the layout says. */
  async *#stream(key: Key, { id, offset }: Entry): AsyncGenerator<Uint8Array> {
    let isBegun = false;
    try {
      for await (const piece of streamValue(this.#objects, id)) {
        isBegun = true;
        yield piece;
      }
      return;
    } catch (error) {
      // Other values may have been looked up since.
      this.#index.expect(id, offset);
      if (isBegun) throw error;
      this.#leaveIfMisled(error);
    }
    yield* streamValue(this.#objects, this.#idOfIndexed(key));
  }

  /** The raw id of a value that is read where the IDX says that it lies. */
  #idOfIndexed(key: Key): Uint8Array {
    const { id } = this.#value(key);
    this.#index.expect(id, undefined);
    return id;
  }

  #value(key: Key): Entry {
    const { entry } = this.#found(key, true);
    if (kindOf(entry.type) === "dictionary") throw new ValueExpectedError(showKey(key));
    return entry;
  }
}

const SLASH = 0x2f;

/** Linux neither makes nor follows a link whose target is this long. */
const PATH_MAX = 4096;
const NOWHERE = new Uint8Array();

/** Bytes of the largest target that `readLink` reads, though it is not followed. */
const LARGEST_TARGET = 1024 ** 2;

export type { Description } from "./description.ts";
export type { Folder, ListEntry } from "./folder.ts";
export type { Key } from "./key.ts";
export type { Kind } from "./kind.ts";

function isNatural(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

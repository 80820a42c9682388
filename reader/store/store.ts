import type { BlockDevice } from "../block/device.ts";
import { LARGEST_LIST } from "../bounds.ts";
import { BulkRead } from "../bulk/bulk-read.ts";
import { readValues } from "../bulk/read-values.ts";
import { threadOptions } from "../bulk/thread-options.ts";
import { DocteurError } from "../errors.ts";
import type { Commit } from "../git/commit.ts";
import { hex, raw } from "../git/object-id.ts";
import type { EntryType } from "../git/tree.ts";
import type { ConnectOptions } from "../image/open-objects.ts";
import type { BlobReader } from "../pack/blob-reader.ts";
import type { CompressedBlob } from "../pack/compressed-blob.ts";
import type { Objects } from "../pack/objects.ts";
import { Descent, listingLimits } from "../paths/descent.ts";
import type { Entry, Layout } from "../paths/layout.ts";
import { PathCounting } from "../paths/path-counts.ts";
import type { Trees } from "../paths/trees.ts";
import { printable } from "../printable.ts";
import {
  DictionaryExpectedError,
  NotFoundError,
  TooManyLinksError,
  ValueExpectedError,
  withPath,
} from "./errors.ts";
import { Folder, type ListEntry } from "./folder.ts";
import { type Kind, kindOf } from "./kind.ts";
import { type Resolution, resolvePath } from "./resolve.ts";
import { streamValue } from "./stream-value.ts";

/** A path in the image: text, or bytes where a name is not UTF-8. Slashes at the ends or in a row mean nothing. */
export type Key = string | Uint8Array;

/** What is known of a path without reading its content. */
export interface Description {
  /** Without links, `.` and `..`; bytes, no slash at the ends. */
  readonly path: Uint8Array;
  readonly kind: Kind;
  readonly type: EntryType;
  /** Object id, 40 hexadecimal digits. */
  readonly id: string;
  /** Bytes of a file, or of a link's target; 0 for a folder. Told from the headers of its entry, without inflating it. */
  readonly size: number;
}

/** A part of a value, in bytes. */
export interface Range {
  /** Bytes to leave out at the start. */
  readonly offset: number;
  /** Bytes to give; fewer are given where the value ends. */
  readonly length: number;
}

/**
 * The read-only key/value view of an image, after mirage-kv's `RO`. Synchronous: a read is a `pread` on a machine that
 * has nothing else to do. Every content is proved by its id before a byte of it is given away.
 *
 * Any method throws `InvalidImageError` where the image is damaged. Symbolic links are followed within the image.
 */
export class Store {
  /** The commit's id, 40 hexadecimal digits. */
  readonly id: string;
  readonly commit: Commit;
  /** The root tree's id, 40 hexadecimal digits. */
  readonly root: string;
  readonly #objects: Objects;
  readonly #trees: Trees;
  readonly #layout: Layout;
  readonly #device: BlockDevice;
  readonly #options: ConnectOptions;
  #bulk: BulkRead | undefined;

  /** Use `connect`. */
  constructor(
    id: string,
    commit: Commit,
    parts: { device: BlockDevice; options: ConnectOptions; objects: Objects; trees: Trees; layout: Layout },
  ) {
    this.id = id;
    this.commit = commit;
    this.root = commit.tree;
    this.#objects = parts.objects;
    this.#trees = parts.trees;
    this.#layout = parts.layout;
    this.#device = parts.device;
    this.#options = parts.options;
  }

  /** Bytes of memory that the layout takes for good: nothing for `light`, some tens a path for `fast`. */
  get layoutSize(): number {
    return this.#layout.byteLength;
  }

  /** What the key leads to, undefined if nowhere. */
  exists(key: Key): Kind | undefined {
    const found = this.#resolve(key, true);
    return typeof found === "string" ? undefined : kindOf(found.entry.type);
  }

  /**
   * The whole value, in memory of its own.
   * @throws {NotFoundError | ValueExpectedError | DictionaryExpectedError | TooManyLinksError}
   */
  get(key: Key): Uint8Array {
    return atPath(key, () => this.#objects.read(this.#value(key).id, "blob"));
  }

  /**
   * The values of many keys, in the order of the keys. Much quicker than one `get` after the other where there is more
   * than one CPU: the values are read ahead by some threads.
   *
   * @param options `largest`: bytes of a value that is read; a larger one is an error `OBJECT_TOO_LARGE`, and may be had by
   * `stream`. Default: as for `get`.
   * @returns for each key its value, or the error that `get` would throw. The value is good until the next is asked for,
   * and may lie in shared memory.
   */
  getAll(
    keys: Iterable<Key>,
    { largest }: { readonly largest?: number | undefined } = {},
  ): AsyncGenerator<{ readonly key: Key; readonly value: Uint8Array | DocteurError }> {
    const find = (key: Key) => this.#value(key).id;
    const item = (key: Key, value: Uint8Array | DocteurError) => ({
      key,
      value: value instanceof DocteurError ? withPath(value, show(key)) : value,
    });
    return readValues(this.#bulkRead, this.#objects, keys, find, item, largest);
  }

  /**
   * The blobs with these ids, 40 hexadecimal digits each, as `getAll` gives values. Each is proved by its id; that the
   * commit reaches it nothing says.
   *
   * @throws {RangeError} if one of them is no id.
   */
  getAllById(
    ids: Iterable<string>,
  ): AsyncGenerator<{ readonly id: string; readonly value: Uint8Array | DocteurError }> {
    return readValues(this.#bulkRead, this.#objects, ids, raw, (id, value) => ({ id, value }));
  }

  /**
   * A part of the value. A value that is stored whole, not as a delta, passes through a window and only the part is
   * held in memory.
   *
   * @throws {RangeError} if offset or length is not a natural number. Otherwise as `get`.
   */
  getPartial(key: Key, { offset, length }: Range): Uint8Array {
    if (!isNatural(offset) || !isNatural(length)) {
      throw new RangeError(`offset and length are natural numbers, not ${offset} and ${length}`);
    }
    return atPath(key, () => this.#objects.readPart(this.#value(key).id, offset, length));
  }

  /**
   * A reader of the value at any place, for values too large for memory; `BlobReader` says what it proves. Close it.
   * @throws as `get`.
   */
  open(key: Key): BlobReader {
    return atPath(key, () => this.#objects.open(this.#value(key).id));
  }

  /**
   * The value in pieces, each good until the next is asked for and none given unproved. One that is stored whole, of any size,
   * passes through a window twice: once to be proved, once to be given; one that is a delta is made in memory. Either lets the
   * event loop turn.
   * @throws as `get`; and {InvalidImageError} if the device gives other bytes the second time, which are not given on.
   */
  stream(key: Key): AsyncGenerator<Uint8Array> {
    return piecesAtPath(key, streamValue(this.#objects, this.#value(key).id));
  }

  /**
   * The value as zlib compressed it, just as it lies in the image (RFC 1950); undefined if it is stored as a delta. Close it.
   *
   * @param length bytes of the stream, if the very same value of this image was proved before.
   * @throws as `get`.
   */
  openCompressed(key: Key, length?: number): CompressedBlob | undefined {
    return this.#objects.openCompressed(this.#value(key).id, length);
  }

  /**
   * The entries of a dictionary as its tree has them: in git's order (by bytes, a folder's name as if it ended in a
   * slash), unless an odd program wrote the tree. Each name is there once, for what it leads to.
   * @throws {DocteurError} `FOLDER_TOO_LARGE`, if there are more than half a million; `folder` gives those one by one.
   */
  list(key: Key): ListEntry[] {
    const folder = this.folder(key);
    if (folder.count <= LARGEST_LIST) return [...folder];
    const what = `${show(key)}: a folder of ${folder.count} entries is too large for a list`;
    throw new DocteurError("FOLDER_TOO_LARGE", `${what}, of at most ${LARGEST_LIST}; use Store.folder`);
  }

  /** The entries of a dictionary of any size. */
  folder(key: Key): Folder {
    const { entry } = this.#found(key, true);
    if (kindOf(entry.type) === "value") throw new DictionaryExpectedError(show(key));
    const tree = entry.type === "tree" ? atPath(key, () => this.#trees.read(entry.id)) : undefined;
    return new Folder(tree, this.#objects);
  }

  /**
   * Everything below a dictionary, not through links, as the trees have it and a folder before what is in it: a descent that
   * is gone through step by step. It ends with `LISTING_TOO_LARGE` where the image names far more than it holds.
   *
   * @param path that the paths begin with.
   * @param weight how many entries one counts for: more if much is done with each, or it is kept. Default 1.
   */
  descend(key: Key, path: Uint8Array = NOWHERE, weight = 1): Descent | undefined {
    const { entry } = this.#found(key, true);
    if (kindOf(entry.type) === "value") throw new DictionaryExpectedError(show(key));
    if (entry.type !== "tree") return undefined;
    return new Descent(this.#trees, entry.id, path, listingLimits(this.#objects, weight));
  }

  /** Counts the paths of the image, step by step. */
  countPaths(): PathCounting {
    return new PathCounting(this.#objects, raw(this.root));
  }

  /** Bytes of a value, told from the headers of its entry without inflating it. */
  size(key: Key): number {
    return this.#objects.describe(this.#value(key).id, "blob").size;
  }

  /** The object id of a value or a dictionary, 40 hexadecimal digits: equal ids mean equal content. */
  digest(key: Key): string {
    return hex(this.#found(key, true).entry.id);
  }

  /** When the value or dictionary last changed, as far as an image of one commit can tell: the commit's date. */
  lastModified(key: Key): Date {
    this.#found(key, true);
    return new Date(this.commit.committer.date * 1000);
  }

  /** All values whose path starts with these bytes, in byte order of the paths. Links are given as they are. */
  *prefix(
    start: Key,
  ): Generator<{ readonly path: Uint8Array; readonly type: EntryType; readonly id: string }> {
    const bytes = toBytes(start);
    let skip = 0;
    while (bytes[skip] === SLASH) skip++;
    for (const { path, type, id } of this.#layout.startingWith(bytes.subarray(skip))) {
      yield { path, type, id: hex(id) };
    }
  }

  /**
   * What lies at a path.
   * @param follow whether a symbolic link in the last place is followed. Default true.
   * @throws {NotFoundError | DictionaryExpectedError | TooManyLinksError}
   */
  describe(key: Key, follow = true): Description {
    const { path, entry } = this.#found(key, follow);
    const kind = kindOf(entry.type);
    const size = kind === "value" ? this.#objects.describe(entry.id, "blob").size : 0;
    return { path, kind, type: entry.type, id: hex(entry.id), size };
  }

  /**
   * The target of a symbolic link, as it is written.
   * @throws {DocteurError} `NOT_A_LINK`; `OBJECT_TOO_LARGE`, of more than a MiB; otherwise as `describe`.
   */
  readLink(key: Key): Uint8Array {
    const { entry } = this.#found(key, false);
    if (entry.type !== "symlink") throw new DocteurError("NOT_A_LINK", `${show(key)}: not a symbolic link`);
    const { size } = this.#objects.describe(entry.id, "blob");
    if (size > LARGEST_TARGET) {
      const what = `${show(key)}: a link whose target has ${size} bytes leads nowhere`;
      throw new DocteurError("OBJECT_TOO_LARGE", `${what}; at most ${LARGEST_TARGET} are read`);
    }
    return this.#objects.read(entry.id, "blob");
  }

  /** Gives the device back. The store cannot be read afterwards. */
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
      return this.#objects.describe(link.id, "blob").size < PATH_MAX
        ? this.#objects.read(link.id, "blob")
        : NOWHERE;
    };
    return resolvePath(this.#layout, toBytes(key), readLink, follow);
  }

  #found(key: Key, follow: boolean) {
    const found = atPath(key, () => this.#resolve(key, follow));
    if (typeof found !== "string") return found;
    if (found === "ELOOP") throw new TooManyLinksError(show(key));
    if (found === "ENOTDIR") throw new DictionaryExpectedError(show(key));
    throw new NotFoundError(show(key));
  }

  #value(key: Key): Entry {
    const { entry } = this.#found(key, true);
    if (kindOf(entry.type) === "dictionary") throw new ValueExpectedError(show(key));
    return entry;
  }
}

const SLASH = 0x2f;

/** Linux makes and follows no link whose target is this long. */
const PATH_MAX = 4096;
const NOWHERE = new Uint8Array();

/** Bytes of a link's target that is shown, though not followed. */
const LARGEST_TARGET = 1024 ** 2;

function toBytes(key: Key): Uint8Array {
  return typeof key === "string" ? Buffer.from(key) : key;
}

export type { Folder, ListEntry } from "./folder.ts";
export type { Kind } from "./kind.ts";

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** Does work for a key; the error for what is too large names the path. */
function atPath<Result>(key: Key, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof DocteurError ? withPath(error, show(key)) : error;
  }
}

/** The same for what comes in pieces. */
async function* piecesAtPath(key: Key, pieces: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    throw error instanceof DocteurError ? withPath(error, show(key)) : error;
  }
}

function show(key: Key): string {
  const shown = typeof key === "string" ? key : text(key.subarray(0, 4 * SHOWN));
  return printable(shown.length <= SHOWN ? shown : `${shown.slice(0, SHOWN)}...`);
}

/** Characters of a path that a message shows. */
const SHOWN = 300;

function isNatural(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

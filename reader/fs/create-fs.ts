import type fs from "node:fs";
import { constants } from "node:fs";
import type { Store } from "../store/store.ts";
import { callbackCalls } from "./callback-calls.ts";
import { ImageDir } from "./dir.ts";
import { ImageDirent } from "./dirent.ts";
import { toOptions } from "./encoding.ts";
import { ImageFiles, type Verify } from "./image-files.ts";
import type { PathLike } from "./path-like.ts";
import { promiseCalls } from "./promise-calls.ts";
import { ImageReadStream, type ReadStreamOptions } from "./read-stream.ts";
import { ImageStats } from "./stats.ts";
import { syncCalls } from "./sync-calls.ts";
import {
  createWriteStream,
  type DescriptorWriter,
  descriptorWriters,
  type PathWriter,
  pathWriters,
} from "./writers.ts";

/** Options of `createFs`. */
export interface FsOptions {
  /**
   * When a stream verifies that a content has the id of its object. This matters for undeltified files of
   * more than 1 MiB, and for deltas that are too large for memory. Any other file is verified before its
   * first byte is read, and so is everything that is read without a stream.
   *
   * - `along`, the default: while it is read, in one pass. The stream holds its last piece back until the
   *   file is verified. So a damaged file ends with an error, never as if it were complete; the bytes before
   *   that error must not be trusted.
   * - `before`: in a pass of its own, before the first byte. Takes twice as long; nothing of a damaged file
   *   is read.
   */
  readonly verify?: Verify | undefined;
}

type Reader =
  | "access"
  | "close"
  | "exists"
  | "fdatasync"
  | "fstat"
  | "fsync"
  | "lstat"
  | "open"
  | "opendir"
  | "read";
type OtherReader = "readFile" | "readdir" | "readlink" | "readv" | "realpath" | "stat";
type Both = Reader | OtherReader | PathWriter | DescriptorWriter;
type Streams = "createReadStream" | "createWriteStream";
type Promised =
  | "access"
  | "constants"
  | "lstat"
  | "open"
  | "opendir"
  | "readFile"
  | "readdir"
  | "readlink"
  | "realpath"
  | "stat";

/** The part of node:fs that an image has, with its types. */
export type ImageFs = Pick<
  typeof fs,
  Both | `${Both}Sync` | Streams | "constants" | "Dir" | "Dirent" | "Stats"
> & {
  readonly promises: Pick<typeof fs.promises, Promised | PathWriter>;
};

/**
 * The image as a file system with the interface of node:fs: synchronous calls, calls with callbacks, and
 * promises. They behave as those of node:fs, with these differences:
 *
 * - The image's root is `/`, and relative paths start there. Symbolic links are followed within the image;
 *   outside there is nothing (`ENOENT`). A submodule is an empty folder.
 * - Errors are `FsError`s, with the fields of Node's own. Every call that writes fails with `EROFS`. A
 *   damaged image is `EIO`, with the `InvalidImageError` as the cause. An invalid argument is a `TypeError`
 *   or `RangeError`, as in node:fs.
 * - Names are bytes: `encoding: "buffer"` lists a name that is not UTF-8, and a path that is a Buffer reads
 *   it.
 * - Folders are listed in git's order. `recursive` does not follow links.
 * - All times of a file are the commit's; permissions are those of a checkout; owner and group are 0.
 * - `realpath` resolves as its `native` form does.
 * - Each call works in the calling thread, and blocks it. Streams and FileHandles yield to the event loop.
 *
 * Close the descriptors that you open, and the store in the end. Nothing else needs to be released.
 */
export function createFs(store: Store, options: FsOptions = {}): ImageFs {
  const files = new ImageFiles(store, options.verify ?? "along");
  const sync = syncCalls(files);
  const calls = {
    ...sync,
    ...callbackCalls(files, sync),
    ...synchronous(pathWriters),
    ...synchronous(descriptorWriters),
    createReadStream: (path: PathLike, given?: BufferEncoding | ReadStreamOptions | null) =>
      new ImageReadStream(files, path, toOptions<ReadStreamOptions>(given) as ReadStreamOptions),
    createWriteStream,
    constants,
    promises: promiseCalls(files, sync),
    Dir: ImageDir,
    Dirent: ImageDirent,
    Stats: ImageStats,
  };
  return calls as unknown as ImageFs;
}

function synchronous<Name extends string, Call>(
  calls: Readonly<Record<Name, Call>>,
): Record<`${Name}Sync`, Call> {
  const entries = Object.entries<Call>(calls).map(([name, call]) => [`${name}Sync`, call]);
  return Object.fromEntries(entries) as Record<`${Name}Sync`, Call>;
}

import { joinPath } from "../paths/path.ts";
import { ImageDir } from "./dir.ts";
import { ImageDirent } from "./dirent.ts";
import { type Encoding, encodeContent, encodeName, toOptions } from "./encoding.ts";
import { folderEntries } from "./folder-entries.ts";
import { asCall, FsError } from "./fs-error.ts";
import type { ImageFiles } from "./image-files.ts";
import type { OpenFile } from "./open-file.ts";
import { parentPath, shownPath } from "./parent-path.ts";
import { type PathLike, toPath } from "./path-like.ts";
import { type ReadOptions, toPosition, toReadTarget } from "./read-arguments.ts";
import { ImageBigIntStats, ImageStats } from "./stats.ts";

export interface StatOptions {
  readonly bigint?: boolean;
  readonly throwIfNoEntry?: boolean;
}

export interface FolderOptions {
  readonly encoding?: Encoding | null;
  readonly withFileTypes?: boolean;
  readonly recursive?: boolean;
}

interface ContentOptions {
  readonly encoding?: Encoding | null;
  readonly flag?: string | number;
  readonly signal?: AbortSignal;
}

/** The weight of an entry that is kept, relative to one that is not. */
const WEIGHT_IN_LIST = 16;

/**
 * The synchronous calls; the others use them. They are functions, not methods: as of node:fs, a call works
 * without its object.
 */
export function syncCalls(files: ImageFiles) {
  const { store, descriptors } = files;

  const toStats = (description: OpenFile["description"], { bigint }: StatOptions) => {
    const stats = new ImageStats(description, store);
    return bigint === true ? new ImageBigIntStats(stats) : stats;
  };

  const statAs = (syscall: string, follow: boolean) => (path: PathLike, options?: StatOptions | null) => {
    try {
      return toStats(files.describe(path, syscall, follow), options ?? {});
    } catch (error) {
      const missing = error instanceof FsError && (error.code === "ENOENT" || error.code === "ENOTDIR");
      if (missing && options?.throwIfNoEntry === false) return undefined;
      throw error;
    }
  };

  const entriesOf = (path: PathLike, syscall: string, recursive: boolean, weight?: number) => {
    const call = { syscall, path: toPath(path).text };
    const description = files.describe(path, syscall);
    if (description.kind === "value") throw new FsError("ENOTDIR", syscall, { path: call.path });
    return folderEntries(store, description.path, recursive, call, weight);
  };

  const realpath = (path: PathLike, options?: Encoding | { encoding?: Encoding | null } | null) => {
    const { encoding } = toOptions(options);
    const description = files.describe(path, "realpath");
    return encodeName(Buffer.concat([Buffer.from("/"), description.path]), encoding);
  };

  return {
    accessSync(path: PathLike, mode?: number): void {
      files.access(path, mode);
    },

    existsSync(path: PathLike): boolean {
      try {
        files.access(path);
        return true;
      } catch {
        return false;
      }
    },

    statSync: statAs("stat", true),
    lstatSync: statAs("lstat", false),
    fstatSync: (fd: number, options?: StatOptions | null) =>
      toStats(descriptors.get(fd, "fstat").description, options ?? {}),

    readlinkSync(path: PathLike, options?: Encoding | { encoding?: Encoding | null } | null) {
      const { encoding } = toOptions(options);
      const { text } = toPath(path);
      const description = files.describe(path, "readlink", false);
      if (description.type !== "symlink") throw new FsError("EINVAL", "readlink", { path: text });
      return encodeName(
        asCall("readlink", text, () => store.readLink(description.path)),
        encoding,
      );
    },

    realpathSync: Object.assign(realpath, { native: realpath }),

    readdirSync(path: PathLike, options?: Encoding | FolderOptions | null) {
      const { encoding, withFileTypes = false, recursive = false } = toOptions<FolderOptions>(options);
      const entries = entriesOf(path, "scandir", recursive, WEIGHT_IN_LIST);
      if (!withFileTypes) {
        return Array.from(entries, ({ entry, parent }) =>
          encodeName(joinPath(parent, entry.rawName), encoding),
        );
      }
      const shown = shownPath(path);
      return Array.from(
        entries,
        ({ entry, parent }) =>
          new ImageDirent(encodeName(entry.rawName, encoding), parentPath(shown, parent), entry.type),
      );
    },

    opendirSync(path: PathLike, options?: Encoding | FolderOptions | null): ImageDir {
      const { encoding, recursive = false } = toOptions<FolderOptions>(options);
      return new ImageDir(shownPath(path), entriesOf(path, "opendir", recursive), encoding);
    },

    readFileSync(file: PathLike | number, options?: Encoding | ContentOptions | null) {
      const { encoding, flag, signal } = toOptions<ContentOptions>(options);
      signal?.throwIfAborted();
      const open = typeof file === "number" ? descriptors.get(file, "read") : files.open(file, flag);
      return encodeContent(open.readRest(), encoding);
    },

    openSync: (path: PathLike, flags?: string | number | null): number =>
      descriptors.add(files.open(path, flags)),

    closeSync(fd: number): void {
      descriptors.close(fd);
    },

    readSync(
      fd: number,
      buffer: NodeJS.ArrayBufferView,
      offsetOrOptions?: number | ReadOptions | null,
      length?: number | null,
      position?: number | bigint | null,
    ): number {
      const file = descriptors.get(fd, "read");
      const target = toReadTarget(buffer, offsetOrOptions, length, position);
      if (target.into.length === 0) return 0;
      file.verifySync();
      return file.read(target.into, target.position);
    },

    readvSync(
      fd: number,
      buffers: readonly NodeJS.ArrayBufferView[],
      position?: number | bigint | null,
    ): number {
      const file = descriptors.get(fd, "read");
      const start = toPosition(position);
      file.verifySync();
      return readInto(file, buffers, start);
    },

    /** Nothing waits to be written. */
    fsyncSync(fd: number): void {
      descriptors.get(fd, "fsync");
    },
    fdatasyncSync(fd: number): void {
      descriptors.get(fd, "fdatasync");
    },
  };
}

/** Fills buffers one after the other. @returns bytes read. */
export function readInto(
  file: OpenFile,
  buffers: readonly NodeJS.ArrayBufferView[],
  start: number | undefined,
): number {
  let done = 0;
  for (const buffer of buffers) {
    const { into } = toReadTarget(buffer);
    const read = file.read(into, start === undefined ? undefined : start + done);
    done += read;
    if (read < into.length) break;
  }
  return done;
}

import { constants } from "node:fs";
import { ImageFileHandle } from "./file-handle.ts";
import type { ImageFiles } from "./image-files.ts";
import type { PathLike } from "./path-like.ts";
import type { syncCalls } from "./sync-calls.ts";
import { pathWriters } from "./writers.ts";

/** The calls of node:fs/promises. Only reads through a FileHandle yield to the event loop. */
export function promiseCalls(files: ImageFiles, sync: ReturnType<typeof syncCalls>) {
  return {
    constants,
    access: promising(sync.accessSync),
    stat: promising(sync.statSync),
    lstat: promising(sync.lstatSync),
    readlink: promising(sync.readlinkSync),
    realpath: promising(sync.realpathSync),
    readdir: promising(sync.readdirSync),
    opendir: promising(sync.opendirSync),

    async open(path: PathLike, flags?: string | number): Promise<ImageFileHandle> {
      return new ImageFileHandle(files, files.descriptors.add(files.open(path, flags)));
    },

    async readFile(
      file: PathLike | ImageFileHandle,
      options?: Parameters<typeof sync.readFileSync>[1],
    ): Promise<string | Buffer> {
      return file instanceof ImageFileHandle ? file.readFile(options) : sync.readFileSync(file, options);
    },

    ...allPromising(pathWriters),
  };
}

function promising<Given extends unknown[], Result>(call: (...given: Given) => Result) {
  return async (...given: Given): Promise<Result> => call(...given);
}

function allPromising<Name extends string>(calls: Readonly<Record<Name, (...given: unknown[]) => never>>) {
  const entries = Object.entries<(...given: unknown[]) => never>(calls);
  return Object.fromEntries(entries.map(([name, call]) => [name, promising(call)])) as Record<
    Name,
    (...given: unknown[]) => Promise<never>
  >;
}

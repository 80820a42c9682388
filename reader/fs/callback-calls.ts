import { promisify } from "node:util";
import { wrongType } from "./argument-error.ts";
import { readArguments } from "./file-handle.ts";
import { FsError } from "./fs-error.ts";
import type { ImageFiles } from "./image-files.ts";
import { toPosition } from "./read-arguments.ts";
import { readInto, type syncCalls } from "./sync-calls.ts";
import { descriptorWriters, pathWriters } from "./writers.ts";

type Callback = (error: unknown, ...results: unknown[]) => void;
type Call = (...given: never[]) => unknown;

/** The calls that take a callback. They do their work at once and call back later, by `process.nextTick`. */
export function callbackCalls(files: ImageFiles, sync: ReturnType<typeof syncCalls>) {
  const realpath = callingBack(sync.realpathSync);
  return {
    access: callingBack(sync.accessSync),
    stat: callingBack(sync.statSync),
    lstat: callingBack(sync.lstatSync),
    fstat: callingBack(sync.fstatSync),
    readlink: callingBack(sync.readlinkSync),
    realpath: Object.assign(realpath, { native: realpath }),
    readdir: callingBack(sync.readdirSync),
    opendir: callingBack(sync.opendirSync),
    readFile: callingBack(sync.readFileSync),
    open: callingBack(sync.openSync),
    fsync: callingBack(sync.fsyncSync),
    fdatasync: callingBack(sync.fdatasyncSync),

    close(fd: number, callback: Callback = () => {}): void {
      callingBack(sync.closeSync)(fd, callback);
    },

    exists: Object.assign(
      (path: never, callback: (there: boolean) => void): void => {
        checkCallback(callback);
        process.nextTick(callback, sync.existsSync(path));
      },
      { [promisify.custom]: async (path: never) => sync.existsSync(path) },
    ),

    read: resolvingTo("buffer", (...given: unknown[]): void => {
      const callback = takeCallback(given);
      const [fd, ...rest] = given as [number, ...Parameters<typeof readArguments>];
      const file = files.descriptors.get(fd, "read");
      const { buffer, target } = readArguments(...rest);
      const read = async () => {
        if (target.into.length === 0) return 0;
        await file.verify();
        return file.read(target.into, target.position);
      };
      callBackWith(read(), callback, buffer);
    }),

    readv: resolvingTo("buffers", (...given: unknown[]): void => {
      const callback = takeCallback(given);
      const [fd, buffers, position] = given as [number, NodeJS.ArrayBufferView[], number?];
      const file = files.descriptors.get(fd, "read");
      const start = toPosition(position);
      const read = async () => {
        await file.verify();
        return readInto(file, buffers, start);
      };
      callBackWith(read(), callback, buffers);
    }),

    ...allCallingBack(pathWriters),
    ...allCallingBack(descriptorWriters),
  };
}

/** Invalid arguments throw at once, as in node:fs. Only errors of the image go to the callback. */
function callingBack(call: Call): (...given: unknown[]) => void {
  return (...given) => {
    const callback = takeCallback(given);
    let result: unknown;
    try {
      result = (call as (...given: unknown[]) => unknown)(...given);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      process.nextTick(callback, error);
      return;
    }
    process.nextTick(callback, null, result);
  };
}

function allCallingBack<Name extends string>(calls: Readonly<Record<Name, Call>>) {
  const entries = Object.entries<Call>(calls).map(([name, call]) => [name, callingBack(call)]);
  return Object.fromEntries(entries) as Record<Name, (...given: unknown[]) => void>;
}

function callBackWith(result: Promise<number>, callback: Callback, second: unknown): void {
  result.then(
    (bytesRead) => process.nextTick(callback, null, bytesRead, second),
    (error) => process.nextTick(callback, error),
  );
}

/** By default, `promisify` returns only the first of several results. */
function resolvingTo(name: "buffer" | "buffers", call: (...given: unknown[]) => void) {
  const promised = (...given: unknown[]) =>
    new Promise((resolve, reject) => {
      call(...given, (error: unknown, bytesRead: number, second: unknown) =>
        error ? reject(error) : resolve({ bytesRead, [name]: second }),
      );
    });
  return Object.assign(call, { [promisify.custom]: promised });
}

function takeCallback(given: unknown[]): Callback {
  const callback = given.pop();
  checkCallback(callback);
  return callback;
}

function checkCallback(callback: unknown): asserts callback is Callback {
  if (typeof callback !== "function") throw wrongType("cb", "of type function", callback);
}

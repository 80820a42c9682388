import { Writable } from "node:stream";
import { FsError } from "./fs-error.ts";
import { type PathLike, toPath } from "./path-like.ts";

/** Calls that would change a path, and the name of each in an error. */
const BY_PATH = {
  appendFile: "open",
  chmod: "chmod",
  chown: "chown",
  lchmod: "lchmod",
  lchown: "lchown",
  lutimes: "lutime",
  mkdir: "mkdir",
  mkdtemp: "mkdtemp",
  rm: "rm",
  rmdir: "rmdir",
  truncate: "open",
  unlink: "unlink",
  utimes: "utime",
  writeFile: "open",
} as const;

/** Calls that would make or change the second path. */
const BY_TWO_PATHS = {
  copyFile: "copyfile",
  cp: "cp",
  link: "link",
  rename: "rename",
  symlink: "symlink",
} as const;

/** Calls that would change an open file. */
const BY_DESCRIPTOR = {
  fchmod: "fchmod",
  fchown: "fchown",
  ftruncate: "ftruncate",
  futimes: "futime",
  write: "write",
  writev: "writev",
} as const;

/** Methods of a FileHandle that would change its file. */
const BY_HANDLE = {
  appendFile: "write",
  chmod: "fchmod",
  chown: "fchown",
  truncate: "ftruncate",
  utimes: "futime",
  write: "write",
  writeFile: "write",
  writev: "writev",
} as const;

/** Names of the calls that node:fs/promises has as well. */
export type PathWriter = keyof typeof BY_PATH | keyof typeof BY_TWO_PATHS;
/** Names of the calls that take a descriptor. */
export type DescriptorWriter = keyof typeof BY_DESCRIPTOR;
/** Names of methods of a FileHandle. */
export type HandleWriter = keyof typeof BY_HANDLE;

type Refuse = (...given: unknown[]) => never;

/** Every writer by path: each throws an `FsError` `EROFS`, whatever its arguments are. */
export const pathWriters: Readonly<Record<PathWriter, Refuse>> = {
  ...refusing(BY_PATH, (path) => ({ path: shown(path) })),
  ...refusing(BY_TWO_PATHS, (path, dest) => ({ path: shown(path), dest: shown(dest) })),
};

/** Every writer by descriptor, likewise. */
export const descriptorWriters: Readonly<Record<DescriptorWriter, Refuse>> = refusing(
  BY_DESCRIPTOR,
  () => ({}),
);

/** Every writer of a FileHandle, likewise. */
export const handleWriters: Readonly<Record<HandleWriter, Refuse>> = refusing(BY_HANDLE, () => ({}));

/** A stream that ends in `EROFS` before anything is written. */
export function createWriteStream(path: unknown): Writable {
  const error = new FsError("EROFS", "open", { path: shown(path) });
  return new Writable({ construct: (callback) => callback(error) });
}

function refusing<Name extends string>(
  calls: Readonly<Record<Name, string>>,
  about: (...given: unknown[]) => { path?: string | undefined; dest?: string | undefined },
): Record<Name, Refuse> {
  const entries = Object.entries<string>(calls).map(([name, syscall]) => {
    const refuse: Refuse = (...given) => {
      throw new FsError("EROFS", syscall, about(...given));
    };
    return [name, refuse] as const;
  });
  return Object.fromEntries(entries) as Record<Name, Refuse>;
}

/** `writeFile` and some others also take a descriptor, which has no path. */
function shown(path: unknown): string | undefined {
  return typeof path === "number" ? undefined : toPath(path as PathLike).text;
}

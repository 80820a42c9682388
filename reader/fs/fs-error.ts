import type { FsErrorCode } from "../error-codes.ts";
import { DocteurError, InvalidImageError } from "../errors.ts";
import {
  DictionaryExpectedError,
  NotFoundError,
  TooManyLinksError,
  ValueExpectedError,
} from "../store/errors.ts";

/** Codes of errors, and libuv's texts for them, which Node shows. */
const WORDS: Readonly<Record<FsErrorCode, string>> = {
  EACCES: "permission denied",
  EBADF: "bad file descriptor",
  EEXIST: "file already exists",
  EFBIG: "file too large",
  EINVAL: "invalid argument",
  EIO: "i/o error",
  EISDIR: "illegal operation on a directory",
  ELOOP: "too many symbolic links encountered",
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  EROFS: "read-only file system",
};

/** The paths of a call: one, two for `rename` and similar calls, none for a descriptor. */
export interface FsErrorPaths {
  readonly path?: string | undefined;
  readonly dest?: string | undefined;
}

/**
 * A system call that failed, with a message as of node:fs: `ENOENT: no such file or directory, open '/x'`.
 *
 * Two codes have a meaning of their own here. `EIO` is a damaged image: `cause` is the `InvalidImageError`,
 * and its message follows the usual one. `EFBIG` is what goes beyond the store's bounds (docs/STORE.md): a
 * file too large for memory, which a stream may read; an object of too many deltas; a listing that does not
 * end.
 */
export class FsError extends DocteurError {
  override name = "FsError";
  declare readonly code: FsErrorCode;
  /** The negative number of `code`, as in os.constants.errno. */
  readonly errno: number;
  readonly syscall: string;
  // Declared only: a call without a path gives an error without the property.
  declare readonly path?: string;
  declare readonly dest?: string;

  constructor(code: FsErrorCode, syscall: string, { path, dest }: FsErrorPaths = {}, cause?: Error) {
    const about = path === undefined ? "" : ` '${path}'${dest === undefined ? "" : ` -> '${dest}'`}`;
    const why = cause === undefined ? "" : `: ${cause.message}`;
    super(code, `${code}: ${WORDS[code]}, ${syscall}${about}${why}`, cause === undefined ? {} : { cause });
    this.errno = -process.getBuiltinModule("node:os").constants.errno[code];
    this.syscall = syscall;
    if (path !== undefined) Object.assign(this, { path });
    if (dest !== undefined) Object.assign(this, { dest });
  }
}

/** Calls the store, and turns its error into the one of the system call. */
export function asCall<Result>(syscall: string, path: string | undefined, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw inWordsOfCall(error, syscall, path);
  }
}

/** Codes of the errors that say that a bound of the store is exceeded. */
const BEYOND_BOUNDS: ReadonlySet<DocteurError["code"]> = new Set([
  "OBJECT_TOO_LARGE",
  "TOO_MUCH_WORK",
  "LISTING_TOO_LARGE",
  "LAYOUT_TOO_LARGE",
]);

function inWordsOfCall(error: unknown, syscall: string, path: string | undefined): unknown {
  const fail = (code: FsErrorCode, cause?: Error) => new FsError(code, syscall, { path }, cause);
  if (error instanceof NotFoundError) return fail("ENOENT");
  if (error instanceof DictionaryExpectedError) return fail("ENOTDIR");
  if (error instanceof ValueExpectedError) return fail("EISDIR");
  if (error instanceof TooManyLinksError) return fail("ELOOP");
  if (error instanceof InvalidImageError) return fail("EIO", error);
  if (error instanceof DocteurError && BEYOND_BOUNDS.has(error.code)) return fail("EFBIG", error);
  return error;
}

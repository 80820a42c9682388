import { DocteurError } from "../errors.ts";

/** Nothing lies at the path. `code` is `NOT_FOUND`. */
export class NotFoundError extends DocteurError {
  override name = "NotFoundError";
  constructor(path: string) {
    super("NOT_FOUND", `${path}: not found`);
  }
}

/** A value was wanted and the path names a dictionary. `code` is `VALUE_EXPECTED`. */
export class ValueExpectedError extends DocteurError {
  override name = "ValueExpectedError";
  constructor(path: string) {
    super("VALUE_EXPECTED", `${path}: is a directory`);
  }
}

/** A dictionary was wanted and the path, or a part of it, names a value. `code` is `DICTIONARY_EXPECTED`. */
export class DictionaryExpectedError extends DocteurError {
  override name = "DictionaryExpectedError";
  constructor(path: string) {
    super("DICTIONARY_EXPECTED", `${path}: not a directory`);
  }
}

/** Symbolic links lead from one to the next without end. `code` is `TOO_MANY_LINKS`. */
export class TooManyLinksError extends DocteurError {
  override name = "TooManyLinksError";
  constructor(path: string) {
    super("TOO_MANY_LINKS", `${path}: too many symbolic links`);
  }
}

const KNOW_OBJECT_ALONE: readonly DocteurError["code"][] = ["OBJECT_TOO_LARGE", "TOO_MUCH_WORK"];

/** The error as it is; or with the path in its message, if it is `OBJECT_TOO_LARGE` or `TOO_MUCH_WORK`, which know the object alone. */
export function withPath(error: DocteurError, path: string): DocteurError {
  if (!KNOW_OBJECT_ALONE.includes(error.code) || error.message.startsWith(`${path}: `)) return error;
  return new DocteurError(error.code, `${path}: ${error.message}`, { cause: error });
}

import { DocteurError } from "../errors.ts";

/** The image has nothing at the path. `code` is `NOT_FOUND`. */
export class NotFoundError extends DocteurError {
  override name = "NotFoundError";
  constructor(path: string) {
    super("NOT_FOUND", `${path}: not found`);
  }
}

/** The call expects a value and the path names a dictionary. `code` is `VALUE_EXPECTED`. */
export class ValueExpectedError extends DocteurError {
  override name = "ValueExpectedError";
  constructor(path: string) {
    super("VALUE_EXPECTED", `${path}: is a directory`);
  }
}

/**
 * The call expects a dictionary and the path, or a part of it, names a value. `code` is
 * `DICTIONARY_EXPECTED`.
 */
export class DictionaryExpectedError extends DocteurError {
  override name = "DictionaryExpectedError";
  constructor(path: string) {
    super("DICTIONARY_EXPECTED", `${path}: not a directory`);
  }
}

/** The path crosses more than 40 symbolic links. `code` is `TOO_MANY_LINKS`. */
export class TooManyLinksError extends DocteurError {
  override name = "TooManyLinksError";
  constructor(path: string) {
    super("TOO_MANY_LINKS", `${path}: too many symbolic links`);
  }
}

/** Codes of errors whose message names the object and not the path. */
const WITHOUT_PATH: readonly DocteurError["code"][] = ["OBJECT_TOO_LARGE", "TOO_MUCH_WORK"];

/** Returns the error; one of `OBJECT_TOO_LARGE` or `TOO_MUCH_WORK` with the path in its message. */
export function withPath(error: DocteurError, path: string): DocteurError {
  if (!WITHOUT_PATH.includes(error.code) || error.message.startsWith(`${path}: `)) return error;
  return new DocteurError(error.code, `${path}: ${error.message}`, { cause: error });
}

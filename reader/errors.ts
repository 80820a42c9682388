import type { ErrorCode, FsErrorCode } from "./error-codes.ts";

/**
 * The errors that docteur throws. `code` is stable and meant for programs; `message` is one line for a
 * person: what is wrong, where, and, if there is something to do about it, what.
 */
export class DocteurError extends Error {
  override name = "DocteurError";
  readonly code: ErrorCode | FsErrorCode;

  constructor(code: ErrorCode | FsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What is wrong with an image; one name for each distinct kind of damage. */
export type Fault =
  | "device"
  | "header"
  | "pack-header"
  | "pack-entry"
  | "pack-inflate"
  | "pack-delta"
  | "pack-base"
  | "pack-trailer"
  | "idx-header"
  | "idx-entry"
  | "idx-trailer"
  | "idx-mismatch"
  | "object-id"
  | "sha1-collision"
  | "object-kind"
  | "object-missing"
  | "commit"
  | "tree"
  | "layout"
  | "pinned-commit";

/** Where a fault lies: a byte offset from the start of the image, and the object id in hexadecimal. */
export interface FaultPlace {
  readonly offset?: number | undefined;
  readonly object?: string | undefined;
}

/** How the message of each `InvalidImageError` begins. */
export const INVALID_IMAGE = "invalid image";

/** The bytes are not an image, or no longer the image that was made. `code` is `INVALID_IMAGE`. */
export class InvalidImageError extends DocteurError {
  override name = "InvalidImageError";
  readonly fault: Fault;
  readonly offset: number | undefined;
  readonly object: string | undefined;
  readonly #what: string;

  constructor(fault: Fault, what: string, place: FaultPlace = {}, options?: ErrorOptions) {
    const where = [
      place.object === undefined ? undefined : `object ${place.object}`,
      place.offset === undefined ? undefined : `at byte ${place.offset}`,
    ].filter((part) => part !== undefined);
    super(
      "INVALID_IMAGE",
      `${INVALID_IMAGE}: ${what}${where.length > 0 ? ` (${where.join(" ")})` : ""}`,
      options,
    );
    this.fault = fault;
    this.offset = place.offset;
    this.object = place.object;
    this.#what = what;
  }

  /** The same fault, with the id of the object that it is in. */
  withObject(object: string): InvalidImageError {
    return new InvalidImageError(this.fault, this.#what, { offset: this.offset, object }, { cause: this });
  }
}

/** Whether an error says that the layout of an image is damaged, which may be read without it. */
export function isLayoutFault(error: unknown): boolean {
  return error instanceof InvalidImageError && error.fault === "layout";
}

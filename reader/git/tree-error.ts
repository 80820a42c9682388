import { InvalidImageError } from "../errors.ts";

/** A tree that cannot be read. */
export class TreeError extends InvalidImageError {
  override name = "TreeError";
  /** What is wrong with it, in words, without its id. */
  readonly what: string;
  /** The name that is forbidden, if that is what is wrong. */
  readonly forbidden: Uint8Array | undefined;

  constructor(what: string, object: string | undefined, forbidden?: Uint8Array) {
    super("tree", what, { object });
    this.what = what;
    this.forbidden = forbidden;
  }
}

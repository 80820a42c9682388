import { DocteurError } from "../errors.ts";

/** Counts the entries of a listing, and the bytes of their paths: few objects can name any number of paths. */
export class ListingCount {
  readonly #most: { readonly entries: number; readonly pathBytes: number };
  #entries = 0;
  #pathBytes = 0;

  constructor(most: { readonly entries: number; readonly pathBytes: number }) {
    this.#most = most;
  }

  /** Counts one entry. @throws {DocteurError} `LISTING_TOO_LARGE`, beyond the limits. */
  add(pathBytes: number): void {
    this.#entries++;
    this.#pathBytes += pathBytes;
    const { entries, pathBytes: bytes } = this.#most;
    if (this.#entries <= entries && this.#pathBytes <= bytes) return;
    const what = `there is more below than ${entries} entries, or ${bytes} bytes of paths`;
    throw new DocteurError("LISTING_TOO_LARGE", `${what}; list its folders one by one`);
  }
}

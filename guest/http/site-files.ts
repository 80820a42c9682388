import { DocteurError } from "../../reader/errors.ts";
import type { Description } from "../../reader/store/description.ts";
import type { Store } from "../../reader/store/store.ts";
import { withHtml } from "./clean-url.ts";
import { storePath } from "./target.ts";

/** A file, and the names of the path by which it was found. Links may lead from there to its own path. */
export interface NamedFile {
  readonly found: Description;
  readonly names: readonly Uint8Array[];
}

/** The page of a site for what is missing, as hosts of static sites name it. */
const MISSING_PAGE = Buffer.from("404.html");

/** Deeper folders have no such page of their own: a request takes a bounded number of look-ups. */
const MAX_MISSING_DEPTH = 64;

/** Finds the files of a site in an image. Each method throws {InvalidImageError} for a damaged tree. */
export class SiteFiles {
  readonly #store: Store;
  readonly #index: Uint8Array;
  readonly #isHidden: (path: Uint8Array) => boolean;

  /**
   * @param index the name of the file that is served for its folder.
   * @param isHidden whether a path, without links, is that of a file that is not served.
   */
  constructor(store: Store, index: string, isHidden: (path: Uint8Array) => boolean) {
    this.#store = store;
    this.#index = Buffer.from(index);
    this.#isHidden = isHidden;
  }

  /** What a path names; undefined for nothing. */
  find(names: readonly Uint8Array[]): Description | undefined {
    const path = storePath(names);
    if (path === undefined) return undefined;
    try {
      const found = this.#store.describe(path);
      // A copy, because a cache keeps it: the path is a view, and would keep a larger buffer alive.
      return this.#isHidden(found.path) ? undefined : { ...found, path: new Uint8Array(found.path) };
    } catch (error) {
      if (error instanceof DocteurError && NOWHERE.has(error.code)) return undefined;
      throw error;
    }
  }

  file(names: readonly Uint8Array[]): NamedFile | undefined {
    const found = this.find(names);
    return found?.kind === "value" ? { found, names } : undefined;
  }

  /** The index of a folder. */
  index(folder: readonly Uint8Array[]): NamedFile | undefined {
    return this.file([...folder, this.#index]);
  }

  /** The file whose name has `.html` in addition. */
  page(names: readonly Uint8Array[]): NamedFile | undefined {
    return names.length === 0 ? undefined : this.file(withHtml(names));
  }

  /** The nearest `404.html` for a path, from its folder upwards. @param folder whether the path is one. */
  missingPage(names: readonly Uint8Array[], folder: boolean): NamedFile | undefined {
    let nearest: NamedFile | undefined;
    const depth = Math.min(folder ? names.length : names.length - 1, MAX_MISSING_DEPTH);
    for (let i = 0; i <= depth; i++) {
      const parent = names.slice(0, i);
      if (this.find(parent)?.kind !== "dictionary") break;
      nearest = this.file([...parent, MISSING_PAGE]) ?? nearest;
    }
    return nearest;
  }
}

/** Codes of the errors that say that a path names nothing. */
const NOWHERE: ReadonlySet<DocteurError["code"]> = new Set([
  "NOT_FOUND",
  "DICTIONARY_EXPECTED",
  "TOO_MANY_LINKS",
]);

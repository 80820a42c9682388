import { ByteLru } from "../../reader/byte-lru.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { Store } from "../../reader/store/store.ts";
import { contentType } from "./content-type.ts";
import { folderUrl, parseTarget, storePath, type Target } from "./target.ts";

/** How targets map to files. */
export interface SiteOptions {
  /** The name of the file that is served for its folder. */
  readonly index: string;
  /** Whether a folder without such a file is listed. */
  readonly listing: boolean;
  /**
   * Whether unknown paths get the root's index, for a single-page application, which interprets them itself.
   */
  readonly spa: boolean;
}

/** A file of the image, whose content was not read. */
export interface FileResource {
  readonly kind: "file";
  /** Its path in the image, without links. */
  readonly path: Uint8Array;
  /** Object id, 40 hexadecimal digits. */
  readonly id: string;
  /** Bytes, as the PACK claims. */
  readonly size: number;
  readonly type: string;
  /** Whether it is not stored as a delta: its zlib stream can then be sent as it is in the image. */
  readonly isUndeltified: boolean;
}

/** What a request target names. */
export type Resource =
  | FileResource
  | { readonly kind: "folder"; readonly path: Uint8Array; readonly names: readonly Uint8Array[] }
  | { readonly kind: "about" }
  | { readonly kind: "redirect"; readonly location: string }
  | { readonly kind: "missing" }
  | { readonly kind: "malformed" };

/** The path of the page about the image. It hides an entry of the image with this name. */
export const ABOUT = ".docteur";

/** Bytes of the cache of resources: some ten thousand of them. */
const CACHE_SIZE = 4 * 1024 * 1024;

/** The approximate overhead of a resource, and of each of its names, in bytes. */
const ITEM_SIZE = 500;
const NAME_SIZE = 120;

/** Maps request targets to resources of the image. */
export class Site {
  readonly #store: Store;
  readonly #options: SiteOptions;
  readonly #known = new ByteLru<string, Resource>(CACHE_SIZE);

  constructor(store: Store, options: SiteOptions) {
    this.#store = store;
    this.#options = options;
  }

  /**
   * The resource that a target names. Symbolic links are followed within the image.
   * @throws {InvalidImageError} if a tree on the way is damaged.
   */
  find(target: string): Resource {
    let resource = this.#known.get(target);
    if (resource === undefined) {
      resource = this.#look(target);
      this.#known.set(target, resource, 2 * target.length + resourceSize(resource));
    }
    return resource;
  }

  #look(text: string): Resource {
    const target = parseTarget(text);
    if (target === undefined) return { kind: "malformed" };
    const { names, folder, query } = target;
    if (names.length === 1 && Buffer.from(names[0]!).toString("latin1") === ABOUT) {
      return folder ? { kind: "about" } : { kind: "redirect", location: folderUrl(names) + query };
    }
    return this.#inImage(target) ?? this.#fallback(target) ?? { kind: "missing" };
  }

  #inImage({ names, folder, query }: Target): Resource | undefined {
    const path = storePath(names);
    const found = path === undefined ? undefined : this.#describe(path);
    if (path === undefined || found === undefined) return undefined;
    if (found.kind === "value") return folder ? undefined : this.#file(found, names.at(-1)!);
    if (!folder) return { kind: "redirect", location: folderUrl(names) + query };
    const index = this.#index(path);
    if (index !== undefined) return index;
    return this.#options.listing ? { kind: "folder", path: found.path, names } : undefined;
  }

  /** The root's index, for paths whose last name has no dot. */
  #fallback({ names }: Target): Resource | undefined {
    const isFile = names.at(-1)?.includes(DOT) ?? false;
    return this.#options.spa && !isFile ? this.#index(Buffer.of()) : undefined;
  }

  #index(folder: Uint8Array): Resource | undefined {
    const name = Buffer.from(this.#options.index);
    const path = storePath([name]);
    const found = path === undefined ? undefined : this.#describe(Buffer.concat([folder, path]));
    return found?.kind === "value" ? this.#file(found, name) : undefined;
  }

  /** Undefined if the path names nothing. */
  #describe(path: Uint8Array) {
    try {
      const found = this.#store.describe(path);
      // A copy, because the cache keeps it: the path is a view, and would keep a larger buffer alive.
      return { ...found, path: new Uint8Array(found.path) };
    } catch (error) {
      if (error instanceof DocteurError && NOWHERE.has(error.code)) return undefined;
      throw error;
    }
  }

  #file({ path, id, size }: ReturnType<Store["describe"]>, name: Uint8Array): FileResource {
    const type = contentType(Buffer.from(name).toString("latin1"));
    const isUndeltified = this.#store.openCompressed(path) !== undefined;
    return { kind: "file", path, id, size, type, isUndeltified };
  }
}

const DOT = 0x2e;

/** Codes of the errors that say that a path names nothing. */
const NOWHERE: ReadonlySet<DocteurError["code"]> = new Set([
  "NOT_FOUND",
  "DICTIONARY_EXPECTED",
  "TOO_MANY_LINKS",
]);

/**
 * The approximate memory of a resource, in bytes. Through links, its path may be much longer than the target.
 */
export function resourceSize(resource: Resource): number {
  switch (resource.kind) {
    case "file":
      return ITEM_SIZE + resource.path.length;
    case "folder":
      return ITEM_SIZE + resource.path.length + resource.names.length * NAME_SIZE;
    case "redirect":
      return ITEM_SIZE + 2 * resource.location.length;
    default:
      return ITEM_SIZE;
  }
}

import { ByteLru } from "../../reader/byte-lru.ts";
import type { Store } from "../../reader/store/store.ts";
import { cleanTarget } from "./clean-url.ts";
import { contentType } from "./content-type.ts";
import { canonicalPath } from "./rules/canonical-path.ts";
import type { RedirectMatch } from "./rules/redirects.ts";
import {
  COMMON_FIELDS,
  type FieldList,
  fieldsOfFile,
  fieldsOfMissing,
  fieldsOfPage,
  NO_FIELDS,
  typeOf,
} from "./rules/response-fields.ts";
import type { SiteRules } from "./rules/site-rules.ts";
import { type NamedFile, SiteFiles } from "./site-files.ts";
import { folderUrl, parseTarget, type Target } from "./target.ts";

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
  /** Whether `/about` names `about.html`, and `/about.html` redirects to it. Default false. */
  readonly cleanUrls?: boolean;
  /** Redirects and header fields. Default: none. */
  readonly rules?: SiteRules | undefined;
}

/** A file of the image, whose content was not read. */
export interface FileResource {
  readonly kind: "file";
  /** Its path in the image, without links. */
  readonly path: Uint8Array;
  /** Object id, hexadecimal. */
  readonly id: string;
  /** Bytes, as the PACK claims. */
  readonly size: number;
  readonly type: string;
  /** Whether it is not stored as a delta: its zlib stream can then be sent as it is in the image. */
  readonly isUndeltified: boolean;
  /** The header fields of a response that do not depend on the content. */
  readonly fields: FieldList;
}

/** Statuses of redirects (RFC 9110, section 15.4). */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

/** What a request target names. */
export type Resource =
  | FileResource
  | {
      readonly kind: "folder";
      readonly path: Uint8Array;
      readonly names: readonly Uint8Array[];
      /** What rules add to the server's own. */
      readonly fields: FieldList;
    }
  | { readonly kind: "about" }
  | { readonly kind: "redirect"; readonly status: RedirectStatus; readonly location: string }
  | {
      readonly kind: "missing";
      /** The site's own page for it, with its header fields. */
      readonly page: FileResource | undefined;
      /** What rules add to the server's own, for the server's page. */
      readonly fields: FieldList;
    }
  | { readonly kind: "malformed" };

/** The path of the page about the image. It hides an entry of the image with this name. */
export const ABOUT = ".docteur";

/** Bytes of the cache of resources: some ten thousand of them. */
const CACHE_SIZE = 4 * 1024 * 1024;

/** The approximate overhead of a resource, and of each of its names, in bytes. */
const ITEM_SIZE = 500;
const NAME_SIZE = 120;

/** The most redirects that a rule may lead through; browsers follow some 20. */
const MAX_HOPS = 8;

const DOT = 0x2e;

/** Maps request targets to resources of the image. */
export class Site {
  readonly #store: Store;
  readonly #options: SiteOptions;
  readonly #files: SiteFiles;
  readonly #known = new ByteLru<string, Resource>(CACHE_SIZE);

  constructor(store: Store, options: SiteOptions) {
    this.#store = store;
    this.#options = options;
    this.#files = new SiteFiles(store, options.index, (path) => options.rules?.hides(path) ?? false);
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
      return folder ? { kind: "about" } : redirect(folderUrl(names) + query);
    }
    return this.#resolve(target);
  }

  /** @param isHop whether this is only to see where the redirects of a rule lead. */
  #resolve(target: Target, isHop = false): Resource {
    // Only rules need it.
    const path = this.#options.rules === undefined ? "" : canonicalPath(target.names, target.folder);
    const rule = this.#rule(path, target.query, isHop);
    if (rule?.isForced) return this.#byRule(rule, path);
    return (
      this.#inImage(target, path) ??
      (rule && this.#byRule(rule, path)) ??
      this.#emptyFolder(target) ??
      this.#fallback(target, path) ??
      this.#missing(this.#files.missingPage(target.names, target.folder), path)
    );
  }

  /** The first rule that matches, except those whose redirects a client would follow without end. */
  #rule(path: string, query: string, isHop: boolean): RedirectMatch | undefined {
    for (const rule of this.#options.rules?.redirects?.matches(path, query) ?? []) {
      if (!isRedirect(rule.status) || !this.#isEndless(rule.location, path, isHop ? 1 : MAX_HOPS))
        return rule;
    }
    return undefined;
  }

  /**
   * Whether redirects from a location lead back to a path, or on after so many hops. With one hop, only
   * whether the location is the path itself.
   */
  #isEndless(location: string, path: string, hops: number): boolean {
    let next = location;
    for (let hop = 1; next.startsWith("/"); hop++) {
      const target = parseTarget(withoutFragment(next));
      if (target === undefined) return false;
      if (canonicalPath(target.names, target.folder) === path) return true;
      if (hops === 1) return false;
      if (hop > hops) return true;
      const resource = this.#resolve(target, true);
      if (resource.kind !== "redirect") return false;
      next = resource.location;
    }
    return false;
  }

  #byRule({ status, location }: RedirectMatch, path: string): Resource {
    if (isRedirect(status)) return { kind: "redirect", status, location };
    // No rule applies to the file that it names, so that rules never run in a circle.
    const target = parseTarget(withoutFragment(location));
    const file = target && this.#shownAt(target);
    if (status === 404 && file !== undefined) return this.#missing(file, path);
    if (file !== undefined) return this.#file(file, path);
    return this.#missing(target && this.#files.missingPage(target.names, target.folder), path);
  }

  /** The file that a client sees at a path after all redirects of the server itself. */
  #shownAt({ names, folder }: Target): NamedFile | undefined {
    const file = folder ? undefined : this.#files.file(names);
    return (
      file ?? this.#files.index(names) ?? (this.#options.cleanUrls ? this.#files.page(names) : undefined)
    );
  }

  #inImage(target: Target, path: string): Resource | undefined {
    const { names, folder, query } = target;
    const found = this.#files.find(names);
    if (found?.kind === "value") {
      if (folder) return undefined;
      const file = { found, names };
      return this.#cleanAddress(file, query) ?? this.#file(file, path);
    }
    if (found !== undefined) {
      const index = this.#files.index(names);
      const isShown = index !== undefined || this.#options.listing;
      if (isShown && !folder) return redirect(folderUrl(names) + query);
      if (index !== undefined) return this.#file(index, path);
      if (isShown) return { kind: "folder", path: found.path, names, fields: this.#pageFields(path) };
    }
    const page = this.#options.cleanUrls ? this.#files.page(names) : undefined;
    if (page === undefined) return undefined;
    const isIndex = cleanTarget(page.names, this.#options.index, ABOUT)?.folder;
    return folder || isIndex ? this.#cleanAddress(page, query) : this.#file(page, path);
  }

  /** The redirect to the address without `.html`, if it leads to this file. */
  #cleanAddress({ names }: NamedFile, query: string): Resource | undefined {
    if (!this.#options.cleanUrls) return undefined;
    const clean = cleanTarget(names, this.#options.index, ABOUT);
    if (clean === undefined || !(clean.folder || this.#isFree(clean.names))) return undefined;
    return redirect(canonicalPath(clean.names, clean.folder) + query);
  }

  /** Whether the server shows nothing of exactly this name. */
  #isFree(names: readonly Uint8Array[]): boolean {
    const found = this.#files.find(names);
    if (found === undefined) return true;
    const isShown = found.kind === "value" || this.#options.listing;
    return !isShown && this.#files.index(names) === undefined;
  }

  /** The redirect to a folder that has neither index nor page. */
  #emptyFolder({ names, folder, query }: Target): Resource | undefined {
    const isFolder = !folder && this.#files.find(names)?.kind === "dictionary";
    return isFolder ? redirect(folderUrl(names) + query) : undefined;
  }

  /** The root's index, for paths whose last name has no dot. */
  #fallback({ names }: Target, path: string): Resource | undefined {
    const isFile = names.at(-1)?.includes(DOT) ?? false;
    const index = this.#options.spa && !isFile ? this.#files.index([]) : undefined;
    return index && this.#file(index, path);
  }

  #missing(page: NamedFile | undefined, path: string): Resource {
    const rules = this.#options.rules?.fields(path, undefined);
    if (page === undefined) {
      return { kind: "missing", page, fields: rules === undefined ? NO_FIELDS : fieldsOfPage(rules) };
    }
    // A rule gives a type to the file that is not there.
    const fields = rules === undefined ? COMMON_FIELDS : fieldsOfMissing(rules);
    return { kind: "missing", page: { ...this.#describe(page), fields }, fields: NO_FIELDS };
  }

  #pageFields(path: string): FieldList {
    const rules = this.#options.rules?.fields(path, undefined);
    return rules === undefined ? NO_FIELDS : fieldsOfPage(rules);
  }

  /** @param path the canonical one of the request, to which rules apply. */
  #file(file: NamedFile, path: string): FileResource {
    const described = this.#describe(file);
    const rules = this.#options.rules?.fields(path, file.names);
    if (rules === undefined) return described;
    return { ...described, type: typeOf(rules) ?? described.type, fields: fieldsOfFile(rules) };
  }

  #describe({ found: { path, id, size }, names }: NamedFile): FileResource {
    const type = contentType(Buffer.from(names.at(-1)!).toString("latin1"));
    const isUndeltified = this.#store.openCompressed(path) !== undefined;
    return { kind: "file", path, id, size, type, isUndeltified, fields: COMMON_FIELDS };
  }
}

function redirect(location: string): Resource {
  return { kind: "redirect", status: 301, location };
}

function isRedirect(status: RedirectMatch["status"]): status is RedirectStatus {
  return status !== 200 && status !== 404;
}

function withoutFragment(location: string): string {
  const mark = location.indexOf("#");
  return mark < 0 ? location : location.slice(0, mark);
}

/**
 * The approximate memory of a resource, in bytes. Through links, its path may be much longer than the target.
 */
export function resourceSize(resource: Resource): number {
  switch (resource.kind) {
    case "file":
      return ITEM_SIZE + resource.path.length + resource.fields.size;
    case "folder":
      return ITEM_SIZE + resource.path.length + resource.names.length * NAME_SIZE + resource.fields.size;
    case "redirect":
      return ITEM_SIZE + 2 * resource.location.length;
    case "missing":
      return (
        ITEM_SIZE + resource.fields.size + (resource.page === undefined ? 0 : resourceSize(resource.page))
      );
    default:
      return ITEM_SIZE;
  }
}

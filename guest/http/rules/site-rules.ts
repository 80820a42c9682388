import { DocteurError } from "../../../reader/errors.ts";
import { printable } from "../../../reader/printable.ts";
import type { Store } from "../../../reader/store/store.ts";
import type { CacheRule } from "./cache-rules.ts";
import { FieldRules } from "./field-rules.ts";
import { Redirects } from "./redirects.ts";
import { applyRules, type Fields } from "./response-fields.ts";
import type { Problem } from "./rule-file.ts";

/** Bytes of the largest file of rules. */
const MAX_FILE = 256 * 1024;

/** The most problems of a file that are reported, each on a line. */
const MAX_PROBLEMS = 50;

/** Where rules come from. */
export interface RuleSources {
  /** The path of a `_headers` file in the image. */
  readonly headers: string | undefined;
  /** The path of a `_redirects` file in the image. */
  readonly redirects: string | undefined;
  /** The last that matches counts. */
  readonly cache: readonly CacheRule[];
}

/** What a site says of its own answers. */
export class SiteRules {
  readonly redirects: Redirects | undefined;
  readonly #fields: FieldRules | undefined;
  readonly #cache: readonly CacheRule[];
  /** The paths of the files of rules, without links; they are not served. */
  readonly #files: readonly Uint8Array[];

  private constructor(
    redirects: Redirects | undefined,
    fields: FieldRules | undefined,
    cache: readonly CacheRule[],
    files: readonly Uint8Array[],
  ) {
    this.redirects = redirects;
    this.#fields = fields;
    this.#cache = cache;
    this.#files = files;
  }

  /**
   * Reads the files of rules.
   * @param complain receives a line for each rule that is ignored.
   * @throws {DocteurError} those of `Store.get`; `OBJECT_TOO_LARGE` for more than 256 KiB.
   */
  static read(store: Store, sources: RuleSources, complain: (message: string) => void): SiteRules {
    const files: Uint8Array[] = [];
    const read = <Rules>(
      path: string | undefined,
      parse: (text: string, problems: Problem[]) => Rules,
    ): Rules | undefined => {
      if (path === undefined) return undefined;
      const file = readFile(store, path);
      files.push(file.path);
      const problems: Problem[] = [];
      const rules = parse(file.text, problems);
      report(path, problems, complain);
      return rules;
    };
    const fields = read(sources.headers, (text, problems) => FieldRules.parse(text, problems));
    const redirects = read(sources.redirects, (text, problems) => Redirects.parse(text, problems));
    return new SiteRules(redirects, fields, sources.cache, files);
  }

  /** Whether a path, without links, is that of a file of rules. */
  hides(path: Uint8Array): boolean {
    return this.#files.some((file) => Buffer.compare(file, path) === 0);
  }

  /**
   * The header fields of a response.
   * @param path the canonical one of the request.
   * @param file the names of the file's path in the image; undefined if no file is sent.
   */
  fields(path: string, file: readonly Uint8Array[] | undefined): Fields {
    const matches = this.#fields?.matches(path) ?? [];
    return applyRules(matches, (file && this.#cacheControl(file)) ?? "no-cache");
  }

  #cacheControl(names: readonly Uint8Array[]): string | undefined {
    if (this.#cache.length === 0) return undefined;
    const path = names.map((name) => `/${Buffer.from(name).toString("utf8")}`).join("");
    return this.#cache.findLast((rule) => rule.matches(path))?.value;
  }
}

function readFile(store: Store, path: string): { readonly path: Uint8Array; readonly text: string } {
  const found = store.describe(path);
  // The size is a claim; the content's own counts as well.
  const isLarge = found.kind === "value" && found.size > MAX_FILE;
  const content = isLarge ? undefined : store.get(path);
  if (content === undefined || content.length > MAX_FILE) {
    throw new DocteurError(
      "OBJECT_TOO_LARGE",
      `${printable(path)}: a file of rules has at most ${MAX_FILE / 1024} KiB`,
    );
  }
  return { path: new Uint8Array(found.path), text: Buffer.from(content).toString("utf8") };
}

function report(path: string, problems: readonly Problem[], complain: (message: string) => void): void {
  const sorted = problems.toSorted((a, b) => a.line - b.line);
  for (const { line, message } of sorted.slice(0, MAX_PROBLEMS)) {
    complain(`${printable(path)}:${line}: ignored: ${message}`);
  }
  const more = problems.length - MAX_PROBLEMS;
  if (more > 0) complain(`${printable(path)}: ${more} more lines are ignored`);
}

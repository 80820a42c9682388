import { encodeReserved } from "./canonical-path.ts";
import type { FieldMatch } from "./field-rules.ts";
import { expand } from "./template.ts";

/** Header fields of a response, and what they take in memory. */
export interface FieldList {
  /** Alternating names and values, as `writeHead` takes them. */
  readonly list: readonly string[];
  /** Approximate bytes, without texts that other responses share. */
  readonly size: number;
}

/** On every response: another image may be at this address by now, and a browser must not guess types. */
export const COMMON = ["Cache-Control", "no-cache", "X-Content-Type-Options", "nosniff"] as const;

export const COMMON_FIELDS: FieldList = { list: COMMON, size: 0 };
export const NO_FIELDS: FieldList = { list: [], size: 0 };

/** The most characters of the values that rules give one response. */
const MAX_VALUES = 16 * 1024;

/** Fields of one value: the last rule counts. The values of other fields become a list. */
const SINGLE: ReadonlySet<string> = new Set([
  ...["content-type", "content-disposition", "content-location", "expires", "refresh", "retry-after"],
  ...["x-content-type-options", "x-frame-options", "x-xss-protection", "strict-transport-security"],
  ...["access-control-allow-origin", "access-control-allow-credentials", "access-control-max-age"],
  ...["cross-origin-embedder-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"],
  ...["x-dns-prefetch-control", "origin-agent-cluster", "server", "sourcemap", "x-ua-compatible"],
]);

/** A field while rules are applied: more than one value only where values cannot be joined. */
interface Field {
  readonly name: string;
  readonly values: readonly string[];
  readonly isDefault: boolean;
}

/** By their names in lower case, in the order in which they were set first. */
export type Fields = ReadonlyMap<string, Field>;

/**
 * The fields of a file after the rules. The first value of a rule replaces the server's own; what later rules
 * add is joined with a comma, as on Cloudflare Pages, if the field is a list.
 *
 * @param cacheControl the server's own.
 */
export function applyRules(matches: readonly FieldMatch[], cacheControl: string): Fields {
  const fields = new Map<string, Field>();
  const own = (name: string, value: string) =>
    fields.set(name.toLowerCase(), { name, values: [value], isDefault: true });
  own(COMMON[0], cacheControl);
  own(COMMON[2], COMMON[3]);
  let length = 0;
  for (const { changes, captures } of matches) {
    for (const { name, value } of changes) {
      const key = name.toLowerCase();
      if (value === undefined) {
        fields.delete(key);
        continue;
      }
      const text = expand(value, captures, MAX_VALUES - length, encodeReserved);
      if (text === undefined || text.trim() === "") continue;
      length += text.length;
      const before = fields.get(key);
      const isNew = before === undefined || before.isDefault || SINGLE.has(key);
      if (isNew) fields.set(key, { name: before?.name ?? name, values: [text], isDefault: false });
      // A comma is part of a cookie's date (RFC 6265, section 3).
      else if (key === "set-cookie") fields.set(key, { ...before, values: [...before.values, text] });
      else fields.set(key, { ...before, values: [`${before.values[0]}, ${text}`] });
    }
  }
  return fields;
}

/** The type that a rule gives a file. */
export function typeOf(fields: Fields): string | undefined {
  return fields.get("content-type")?.values[0];
}

/** The fields of a file, without its type. */
export function fieldsOfFile(fields: Fields): FieldList {
  return listOf(fields, (key) => key !== "content-type");
}

/**
 * The fields of the site's page for a path that names nothing. It is kept in no cache, whatever rules say:
 * the path may be that of a file which the next image has.
 */
export function fieldsOfMissing(fields: Fields): FieldList {
  const { list, size } = listOf(fields, (key) => !OF_A_FILE.test(key));
  return { list: [...COMMON, ...list], size: size + 8 * COMMON.length };
}

/** What rules add to a page that the server makes, which has its own policy. */
export function fieldsOfPage(fields: Fields): FieldList {
  return listOf(fields, (key) => !OF_A_FILE.test(key) && !key.startsWith("content-security-policy"));
}

/** What rules say of the file that is not sent, and the server's own. */
const OF_A_FILE =
  /^(expires|pragma|surrogate-control|x-content-type-options|.*cache-control|content-(type|disposition|language|location))$/;

function listOf(fields: Fields, isKept: (key: string) => boolean): FieldList {
  const list: string[] = [];
  let size = 0;
  for (const [key, { name, values, isDefault }] of fields) {
    if (!isKept(key)) continue;
    for (const value of values) {
      list.push(name, value);
      size += 16 + (isDefault ? 0 : 2 * value.length);
    }
  }
  return { list, size };
}

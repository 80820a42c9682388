/** The parts of a request target (RFC 9112, section 3.2). */
export interface Target {
  /** The path's names as bytes: decoded, without empty ones, `.` and `..`. */
  readonly names: readonly Uint8Array[];
  /** Whether the path ends in a slash and so names a folder. */
  readonly folder: boolean;
  /** The query with its question mark, empty if there is none. */
  readonly query: string;
}

const PERCENT = 0x25;
const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * Parses a request target: a path, or an absolute URI as in a request to a proxy. `..` stays within the root
 * (RFC 3986, section 5.2.4), after decoding too. No name contains a slash or a NUL: a path with one in
 * percent-encoding names nothing.
 *
 * @returns undefined if it is no path, or a percent sign is not followed by two hexadecimal digits.
 */
export function parseTarget(target: string): Target | undefined {
  const pathAndQuery = target.startsWith("/") ? target : afterAuthority(target);
  if (pathAndQuery === undefined) return undefined;
  const mark = pathAndQuery.indexOf("?");
  const path = mark < 0 ? pathAndQuery : pathAndQuery.slice(0, mark);
  const names: Uint8Array[] = [];
  let folder = true;
  for (const segment of path.slice(1).split("/")) {
    const name = decode(segment);
    if (name === undefined) return undefined;
    folder = name.length === 0 || isDots(name);
    if (name.length === 2 && folder) names.pop();
    else if (!folder) names.push(name);
  }
  return { names, folder, query: mark < 0 ? "" : pathAndQuery.slice(mark) };
}

/** The path of such names for the store; undefined if a name contains a slash or a NUL. */
export function storePath(names: readonly Uint8Array[]): Uint8Array | undefined {
  if (names.some((name) => name.includes(SLASH) || name.includes(0))) return undefined;
  return Buffer.concat(names.flatMap((name) => [SEPARATOR, name]));
}

/** Percent-encodes a name for any part of a URI. */
export function encodeName(name: Uint8Array): string {
  return Buffer.from(name)
    .toString("latin1")
    .replace(
      /[^A-Za-z0-9._~-]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    );
}

/**
 * The path of a folder, with a slash at its end. It never begins with two slashes, which would name another
 * host.
 */
export function folderUrl(names: readonly Uint8Array[]): string {
  return `/${names.map((name) => `${encodeName(name)}/`).join("")}`;
}

const SEPARATOR = Uint8Array.of(SLASH);

/** The path in `scheme://authority/path`. */
function afterAuthority(uri: string): string | undefined {
  const rest = /^https?:\/\/[^/?]+(.*)$/i.exec(uri)?.[1];
  return rest === undefined || rest.startsWith("/") ? rest : `/${rest}`;
}

function isDots(name: Uint8Array): boolean {
  return name.length <= 2 && name[0] === DOT && (name.length === 1 || name[1] === DOT);
}

/** Decodes a segment; undefined if a percent sign is not followed by two digits. */
function decode(segment: string): Uint8Array | undefined {
  const bytes = Buffer.from(segment, "latin1");
  if (!segment.includes("%")) return bytes;
  let length = 0;
  for (let at = 0; at < bytes.length; at++, length++) {
    bytes[length] = bytes[at]!;
    if (bytes[at] !== PERCENT) continue;
    const digits = segment.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return undefined;
    bytes[length] = Number.parseInt(digits, 16);
    at += 2;
  }
  return bytes.subarray(0, length);
}

const SLASH = 0x2f;
const DOT = 0x2e;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Whether git checks out no tree entry of this name: see `whyForbidden`. */
export function isForbiddenName(name: Uint8Array): boolean {
  return whyForbidden(name) !== undefined;
}

/**
 * Why git checks out no tree entry of this name (`verify_path` in its read-cache.c), if it does not: it is
 * empty, `.` or `..`, or has a slash; or NTFS takes it for `.git`, so that a checkout there would let the
 * repository write to its own configuration.
 *
 * Names that HFS+ takes for `.git`, with characters in them that it ignores, git refuses where there is an
 * HFS+ only.
 */
export function whyForbidden(name: Uint8Array): string | undefined {
  const isNoName = name.length === 0 || name.includes(SLASH);
  if (isNoName || (name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT)))) {
    return "no file can have this name";
  }
  const asGit = "some file systems take this name for .git";
  if (isDotGitOnNtfs(name)) return asGit;
  // There a backslash is a slash. One that comes first git overlooks.
  for (let i = name.indexOf(BACKSLASH, 1); i >= 0; i = name.indexOf(BACKSLASH, i + 1)) {
    if (isDotGitOnNtfs(name.subarray(i + 1))) return asGit;
  }
  return undefined;
}

/** NTFS knows `.git` as `git~1` too, ignores dots and spaces at the end, and streams after a colon. */
function isDotGitOnNtfs(name: Uint8Array): boolean {
  const start = matches(name, ".git") ? 4 : matches(name, "git~1") ? 5 : undefined;
  if (start === undefined) return false;
  for (let i = start; i < name.length; i++) {
    const byte = name[i];
    if (byte === BACKSLASH || byte === COLON) return true;
    if (byte !== DOT && byte !== SPACE) return false;
  }
  return true;
}

function matches(name: Uint8Array, lowerCase: string): boolean {
  for (let i = 0; i < lowerCase.length; i++) {
    const byte = name[i] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (lower !== lowerCase.charCodeAt(i)) return false;
  }
  return true;
}

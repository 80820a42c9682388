const SLASH = 0x2f;
const DOT = 0x2e;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * Whether `git fsck` complains of a tree entry's name: empty, `.`, `..`, with a slash, or one that some file system takes
 * for `.git`, in which case a checkout there would let the repository write to its own configuration.
 */
export function isForbiddenName(name: Uint8Array): boolean {
  if (name.length === 0 || name.includes(SLASH)) return true;
  if (name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT))) return true;
  if (isDotGitOnNtfs(name) || isDotGitOnHfs(name)) return true;
  for (let i = name.indexOf(BACKSLASH); i >= 0; i = name.indexOf(BACKSLASH, i + 1)) {
    // There a backslash is a slash.
    if (isDotGitOnNtfs(name.subarray(i + 1))) return true;
  }
  return false;
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

/** HFS+ ignores case, and joiners, marks of direction and the like. */
const DOT_GIT_ON_HFS = (() => {
  const ignored = "[\\u200c-\\u200f\\u202a-\\u202e\\u206a-\\u206f\\ufeff]*";
  return new RegExp(`^${["", "\\.", "g", "i", "t", ""].join(ignored)}`, "i");
})();

function isDotGitOnHfs(name: Uint8Array): boolean {
  // No name is read as text unless it has its dot first, or characters to be ignored before it.
  if (name[0] !== DOT && name[0] !== 0xe2 && name[0] !== 0xef) return false;
  const text = Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString("utf8");
  const start = DOT_GIT_ON_HFS.exec(text)?.[0];
  if (start === undefined) return false;
  return start.length === text.length || isMalformed(name, Buffer.byteLength(start));
}

/** Whether there is no UTF-8 at `position`; git takes that for the end of the name. */
function isMalformed(name: Uint8Array, position: number): boolean {
  const character = Buffer.from(name.subarray(position, position + 4))
    .toString("utf8")
    .charAt(0);
  if (character === "\ufffd") return Buffer.compare(name.subarray(position, position + 3), REPLACEMENT) !== 0;
  return character === "\ufffe" || character === "\uffff";
}

/** U+FFFD itself, well-formed. */
const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);

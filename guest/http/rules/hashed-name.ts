/** What stands between the hash and the extension, or after it. */
const AROUND = /(?:\.(?:min|chunk|bundle|module))*$/i;

/** Files that others name by their address; their content changes while the name stays. */
const PAGES = /\.(?:html?|xhtml)(?:\.map)?$/i;

/** A year with February or December, whose letters are hexadecimal digits, too. */
const DATE = /^\d*(?:feb|dec)\d*$/i;

const UUID = /(?:^|[.-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Extensions of the files that esbuild and Angular give hashes in upper case. */
const BUILT = /\.(?:m?js|cjs|css|wasm|woff2?)(?:\.map)?$/;

/**
 * Whether a file's name carries a hash of its content, so that another content has another name. Build tools
 * write it right before the extension, after `.` or `-`. A name that only might carry one does not count:
 * such a file is asked for again, which costs a 304; a wrong guess would show an old file for a year.
 *
 * - 8 to 64 hexadecimal digits of one case, letters and digits both: webpack, Parcel, Next.js, Hugo, Rails.
 *   The whole name, if it has 20, 32, 40 or 64.
 * - 8 letters and digits, with capitals, small letters and digits that change at least four times: Vite.
 * - 8 capitals and digits from 2 to 7 (base32), the digits not all at the end: esbuild, in scripts and styles.
 *
 * Versions (`jquery-3.6.0.min.js`), dates, UUIDs and pages (`.html`) do not count.
 */
export function isHashedName(name: string): boolean {
  if (PAGES.test(name)) return false;
  const [extension] = /\.[A-Za-z0-9]{1,8}(?:\.map)?$/.exec(name) ?? [];
  if (extension === undefined) return false;
  const stem = name.slice(0, -extension.length).replace(AROUND, "");
  const hash = stem.slice(Math.max(stem.lastIndexOf("."), stem.lastIndexOf("-")) + 1);
  if (hash === stem) return [20, 32, 40, 64].includes(hash.length) && isHexadecimal(hash);
  if (isHexadecimal(hash)) return !UUID.test(stem);
  return hash.length === 8 && (isMixed(hash) || (BUILT.test(name) && isBase32(hash)));
}

function isHexadecimal(text: string): boolean {
  return (
    /^(?:[0-9a-f]{8,64}|[0-9A-F]{8,64})$/.test(text) &&
    /[0-9]/.test(text) &&
    /[A-Fa-f]/.test(text) &&
    !DATE.test(text)
  );
}

function isMixed(text: string): boolean {
  const hasAll =
    /^[A-Za-z0-9]+$/.test(text) && /[A-Z]/.test(text) && /[a-z]/.test(text) && /[0-9]/.test(text);
  return hasAll && text.match(/[A-Z]+|[a-z]+|[0-9]+/g)!.length > 4;
}

function isBase32(text: string): boolean {
  return /^[A-Z2-7]+$/.test(text) && /[2-7]/.test(text) && /[A-Z]/.test(text) && !/^[A-Z]+\d+$/.test(text);
}

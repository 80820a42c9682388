import { encodeName } from "./target.ts";

/** Bytes of the longest name, without its ending: file systems have room for 255. */
const LONGEST_NAME = 200;

/** What no file name should have: separators, what Windows refuses, what does not show, a dot at first. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|\ufffd]|^\./gu;

/**
 * A `Content-Disposition` by which a client saves a response as a file (RFC 6266, RFC 8187).
 *
 * @param name bytes in any encoding; an underscore replaces what no file name should have.
 * @param ending with its dot.
 */
export function attachment(name: Uint8Array, ending: string): string {
  const safe = Buffer.from(Buffer.from(name).toString("utf8").replace(UNSAFE, "_"));
  // A character that is cut in two is left out.
  const text = safe
    .subarray(0, LONGEST_NAME)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
  const full = `${text}${ending}`;
  const ascii = full.replace(/[^\x20-\x7e]|[%;]/gu, "_");
  const extended = ascii === full ? "" : `; filename*=UTF-8''${encodeName(Buffer.from(full))}`;
  return `attachment; filename="${ascii}"${extended}`;
}

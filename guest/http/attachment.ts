import { encodeName } from "./target.ts";

/** Characters of the longest name, without its ending. */
const LONGEST_NAME = 100;

/**
 * A `Content-Disposition` by which a client saves a response as a file (RFC 6266, RFC 8187).
 *
 * @param name bytes, of any encoding; what no file name should have becomes an underscore: separators, what Windows
 * forbids, characters that do not show, a dot at the start.
 * @param ending with its dot.
 */
export function attachment(name: Uint8Array, ending: string): string {
  const text = [
    ...Buffer.from(name)
      .toString("utf8")
      .replace(/[\p{C}\p{Z}/\\:*?"<>|\ufffd]|^\./gu, "_"),
  ]
    .slice(0, LONGEST_NAME)
    .join("");
  const ascii = `${text.replace(/[^\x20-\x7e]|[%;]/g, "_")}${ending}`;
  const full = `${text}${ending}`;
  const extended = ascii === full ? "" : `; filename*=UTF-8''${encodeName(Buffer.from(full))}`;
  return `attachment; filename="${ascii}"${extended}`;
}

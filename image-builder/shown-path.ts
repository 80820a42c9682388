import { isPrintable } from "../reader/printable.ts";

/**
 * A path's bytes for a message: as they are when they are printable UTF-8, else as a quoted string in which
 * other bytes stand as `\ooo` and line breaks cannot break the line (as git quotes paths).
 */
export function shownPath(path: Uint8Array): string {
  const buffer = Buffer.from(path.buffer, path.byteOffset, path.byteLength);
  const text = buffer.toString("utf8");
  if (Buffer.from(text).equals(buffer) && isPrintable(text) && !/["\\]/.test(text)) return text;
  const escaped = Array.from(buffer, (byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  });
  return `"${escaped.join("")}"`;
}

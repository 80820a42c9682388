/**
 * Characters that control a terminal or the text around them: C0, DEL and C1 (ECMA-48), the separators of
 * lines and paragraphs, and the marks, embeddings, overrides and isolates of bidirectional text (Unicode
 * Standard Annex #9).
 */
const CONTROL = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Whether `printable` returns a text unchanged. */
export function isPrintable(text: string): boolean {
  return text.search(CONTROL) < 0;
}

/**
 * A text for a person: escapes characters that could break the line, control a terminal or reorder the text,
 * as `\u001b`.
 * @param kept control characters that stay, such as the line breaks of a text of several lines.
 */
export function printable(text: string, kept = ""): string {
  return text.replace(CONTROL, (character) =>
    kept.includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * The same for bytes, which are UTF-8 in most of git's names and messages; escapes all other bytes as `\xe9`.
 */
export function printableBytes(bytes: Uint8Array, kept = ""): string {
  const text = decoder.decode(bytes);
  // The replacement character may also be in the text itself.
  if (!text.includes("\ufffd")) return printable(text, kept);
  let shown = "";
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === 0) {
      shown += `${decoder.decode(bytes.subarray(start, at))}\\x${bytes[at]!.toString(16).padStart(2, "0")}`;
      start = at + 1;
    }
    at += length || 1;
  }
  return printable(shown + decoder.decode(bytes.subarray(start)), kept);
}

/** Bytes of the UTF-8 character that begins at `at`; 0 if none does (The Unicode Standard, table 3-7). */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0;
    if (byte < (i === 1 ? least : 0x80) || byte > (i === 1 ? most : 0xbf)) return 0;
  }
  return length;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The byte of a letter after a backslash. */
const LETTERS: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  t: 0x09,
  n: 0x0a,
  v: 0x0b,
  f: 0x0c,
  r: 0x0d,
  '"': QUOTE,
  "\\": BACKSLASH,
};

/**
 * Decodes a path of a line that git wrote. Git quotes special characters: in double quotes, with `\ooo` for a
 * byte and letters as in C (git-config(1), core.quotePath). Any other line is the path itself.
 */
export function unquotePath(line: Uint8Array): Uint8Array {
  if (line.length < 2 || line[0] !== QUOTE || line.at(-1) !== QUOTE) return line;
  const path = new Uint8Array(line.length);
  let length = 0;
  for (let at = 1; at < line.length - 1; at++) {
    const byte = line[at] as number;
    if (byte === QUOTE) return line;
    if (byte !== BACKSLASH) {
      path[length++] = byte;
      continue;
    }
    const digits = /^[0-3][0-7]{2}/.exec(String.fromCharCode(...line.subarray(at + 1, at + 4)))?.[0];
    const letter = LETTERS[String.fromCharCode(line[at + 1] as number)];
    // An escaped last quote does not end the path.
    if ((digits === undefined && letter === undefined) || at + 1 >= line.length - 1) return line;
    path[length++] = digits === undefined ? (letter as number) : Number.parseInt(digits, 8);
    at += digits?.length ?? 1;
  }
  return path.subarray(0, length);
}

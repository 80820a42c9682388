/** The characters that OCaml escapes by a letter. */
const LETTERS: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\b": "\\b",
};

/**
 * Bytes, one a character, as OCaml's `%S` prints them and the original prints names: quoted, what is not
 * printable ASCII as a letter or as `\ddd`, its decimal number.
 */
export function ocamlString(bytes: string): string {
  const escaped = bytes.replace(/[^ !#-[\]-~]/g, (character) => {
    return LETTERS[character] ?? `\\${String(character.charCodeAt(0)).padStart(3, "0")}`;
  });
  return `"${escaped}"`;
}

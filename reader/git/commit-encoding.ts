/**
 * What ISO-8859-1 is called in `encoding` headers. `TextDecoder` takes these names for windows-1252, which
 * has other characters.
 */
const LATIN_1 = /^(?:iso[-_]?8859[-_]1|latin-?1|l1|cp819|ibm819)$/;

/** ASCII, for which `TextDecoder` takes windows-1252 too: what is not ASCII is not in it. */
const ASCII = /^(?:us-)?ascii$/;

/** Names that iconv has and `TextDecoder` has not. */
const OTHER_NAMES: Readonly<Record<string, string>> = { cp932: "shift_jis", cp936: "gbk", cp950: "big5" };

/**
 * The bytes of a commit as text. Git converts what a commit's `encoding` header says; what it cannot convert,
 * for it does not know the encoding or the bytes are not of it, it shows as it is. The same here, where it
 * means: as UTF-8, with U+FFFD for what is none.
 *
 * @param encoding the header's value; undefined for UTF-8.
 */
export function decodeCommitText(bytes: Uint8Array, encoding: string | undefined): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = encoding?.trim().toLowerCase();
  if (name === undefined) return buffer.toString("utf8");
  if (LATIN_1.test(name)) return buffer.toString("latin1");
  try {
    return decoderOf(name)?.decode(bytes) ?? buffer.toString("utf8");
  } catch {
    return buffer.toString("utf8");
  }
}

/** Undefined for an encoding that is not known, or in which the header of a commit would not be ASCII. */
function decoderOf(name: string): TextDecoder | undefined {
  if (ASCII.test(name)) return undefined;
  const number = /^(?:cp|win|windows)-?(\d+)$/.exec(name)?.[1];
  const names = [OTHER_NAMES[name] ?? name, name.replaceAll("_", "-"), `windows-${number}`];
  for (const label of names) {
    try {
      const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
      return decoder.encoding.startsWith("utf-16") ? undefined : decoder;
    } catch {
      // Another name may be known.
    }
  }
  return undefined;
}

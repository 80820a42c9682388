import type { Captures } from "./path-pattern.ts";

/** Texts, and names of placeholders between them; one text more than names. */
export interface Template {
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

/**
 * Splits a text at the placeholders that its pattern has; any other `:word` is text.
 * @param encode makes the text between them fit where the result goes.
 */
export function parseTemplate(
  text: string,
  known: ReadonlySet<string>,
  encode: (text: string) => string = (same) => same,
): Template {
  const texts = [""];
  const names: string[] = [];
  for (const [index, piece] of text.split(/:([A-Za-z][A-Za-z0-9_]*)/).entries()) {
    if (index % 2 === 1 && known.has(piece)) {
      names.push(piece);
      texts.push("");
    } else texts[texts.length - 1] += index % 2 === 1 ? `:${piece}` : piece;
  }
  return { texts: texts.map(encode), names };
}

/**
 * Fills in the placeholders.
 * @param limit the most characters.
 * @returns undefined if the result is longer.
 */
export function expand(
  { texts, names }: Template,
  captures: Captures,
  limit: number,
  encode: (text: string) => string = (same) => same,
): string | undefined {
  let result = texts[0]!;
  for (const [index, name] of names.entries()) {
    result += encode(captures.get(name) ?? "") + texts[index + 1]!;
    if (result.length > limit) return undefined;
  }
  return result.length > limit ? undefined : result;
}

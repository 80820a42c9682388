/** Characters of a string that are written at a time. */
const LENGTH = 64 * 1024;

/**
 * The JSON of an object, as `JSON.stringify` gives it, in pieces: what is in a long string, a commit's
 * message for instance, may take six times its length, and memory for that is not to be had at once.
 */
export function* jsonPieces(value: object): Generator<string> {
  let separator = "{";
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${separator}${JSON.stringify(key)}:`;
    separator = ",";
    if (typeof member === "string") yield* stringPieces(member);
    else yield JSON.stringify(member);
  }
  yield separator === "{" ? "{}" : "}";
}

function* stringPieces(text: string): Generator<string> {
  yield '"';
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + LENGTH);
    // A character of two units is one escape, or none.
    if (end < text.length && isFirstOfTwo(text.charCodeAt(end - 1))) end++;
    yield JSON.stringify(text.slice(start, end)).slice(1, -1);
    start = end;
  }
  yield '"';
}

function isFirstOfTwo(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

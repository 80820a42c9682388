/** An object as JSON has it. What is in it may be anything. */
export type Json = Readonly<Record<string, unknown>>;

/** The object that bytes or a text are the JSON of; undefined if they are of nothing, or something else. */
export function parseJson(source: Uint8Array | string): Json | undefined {
  try {
    return objectOf(JSON.parse(typeof source === "string" ? source : Buffer.from(source).toString("utf8")));
  } catch {
    // The text of the parser's error would quote what may be secret.
    return undefined;
  }
}

/** The value, if it is an object. */
export function objectOf(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** The value, if it is a text with something in it. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The value of a key that the object has itself. */
export function own(object: Json, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

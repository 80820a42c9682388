import { printable, printableBytes } from "../../reader/printable.ts";

/** Line breaks and tabs are a part of what has several lines. */
const LAYOUT = "\n\t";

/**
 * Writes text or bytes to a stream: as they are into a pipe or file, with control characters escaped to a
 * terminal.
 */
export function writeShown(stream: NodeJS.WriteStream, data: string | Uint8Array): void {
  if (stream.isTTY !== true) stream.write(data);
  else stream.write(typeof data === "string" ? printable(data, LAYOUT) : printableBytes(data, LAYOUT));
}

/** A line of JSON. On a terminal it has the same meaning, with escapes for what JSON itself lets stand. */
export function writeJson(stream: NodeJS.WriteStream, value: unknown): void {
  writeShown(stream, `${JSON.stringify(value)}\n`);
}

import { SourceError } from "../../reader/source-error.ts";
import { readSmallFile } from "./small-file.ts";

/** Bytes of a file with headers at most. */
const MAXIMUM = 65_536;

/** Headers that docteur, or the connection, sets; with another value the answer would be to another request. */
const RESERVED =
  /^(?:host|range|if-range|if-match|if-none-match|if-modified-since|if-unmodified-since|accept-encoding|content-length|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|proxy-.*)$/;

/**
 * Reads a file of header lines, `Name: value`. Empty lines and those that begin with `#` are left out. Names
 * are returned in lower case; the values of one name that is there twice are joined by a comma.
 *
 * @throws {SourceError} `CREDENTIALS_UNREADABLE`: it cannot be read, or has a line that is no header. The
 *   message has the number of the line, and nothing of its text. @throws the signal's reason.
 */
export async function readHeaderFile(file: string, signal?: AbortSignal): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  const lines = (await readText(file, signal)).split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, name, value] =
      /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw bad(file, `line ${index + 1} is not of the form Name: value`);
    const key = name.toLowerCase();
    if (RESERVED.test(key))
      throw bad(file, `line ${index + 1} has a header that docteur sets itself: leave it out`);
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value;
  }
  return headers;
}

async function readText(file: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    // One byte a character, as a header is sent.
    return await readSmallFile(file, { maximum: MAXIMUM, encoding: "latin1", signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw bad(file, `it cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

function bad(file: string, what: string, cause?: unknown): SourceError {
  return new SourceError("CREDENTIALS_UNREADABLE", `${file}: the file of headers is refused: ${what}`, {
    cause,
  });
}

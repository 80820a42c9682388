import { SourceError } from "../../reader/source-error.ts";
import { type HttpAnswer, header, requireIdentity } from "./answer.ts";
import { type ContentRange, parseContentRange } from "./content-range.ts";
import { malformed } from "./retry.ts";

/** The first and the last byte of what is asked for. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What a user does about a server that cannot be read by ranges. */
export const DOWNLOAD = "download it first, with curl or a browser";

/** What the answer says about the range that it has; undefined if that is malformed. */
export function contentRange(answer: HttpAnswer): ContentRange | undefined {
  return parseContentRange(header(answer, "content-range"));
}

/**
 * Requires the range that was asked for, as far as the resource reaches, and as it is, not compressed.
 * @throws {TryAgain} `SOURCE_MALFORMED`.
 * @throws {SourceError} `SOURCE_UNSUPPORTED`: the server does not say how long the resource is.
 */
export function requireRange(answer: HttpAnswer, { first, last }: Range): { total: number; last: number } {
  requireIdentity(answer);
  const found = contentRange(answer);
  if (found?.range === undefined) {
    const several = header(answer, "content-type")?.toLowerCase().startsWith("multipart/");
    throw malformed(
      answer.display,
      several ? "sends several ranges, where one was asked for" : "does not say which range it sends",
    );
  }
  const { range, total } = found;
  if (total === undefined) {
    throw new SourceError(
      "SOURCE_UNSUPPORTED",
      `${answer.display}: does not say how long the file is: ${DOWNLOAD}`,
    );
  }
  if (range.first !== first || range.last !== Math.min(last, total - 1)) {
    throw malformed(
      answer.display,
      `sends bytes ${range.first} to ${range.last} of ${total}, where ${first} to ${last} were asked for`,
    );
  }
  return { total, last: range.last };
}

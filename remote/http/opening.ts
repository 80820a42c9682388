import { SourceError } from "../../reader/source-error.ts";
import { contentLength, type HttpAnswer, header, readBody, readExactly, requireIdentity } from "./answer.ts";
import { contentRange, DOWNLOAD, type Range, requireRange } from "./range-answer.ts";
import { malformed } from "./retry.ts";
import { type CredentialHint, requireStatus } from "./status.ts";

/** Bytes up to which a file is read whole from a server that answers no ranges. */
const WHOLE = 1_048_576;

/** Statuses of servers that do not know a condition. */
const REFUSED: readonly number[] = [400, 412, 501];

/** What the first answer has brought. */
export interface Opening {
  /** Bytes of the whole resource. */
  readonly total: number;
  /** From the first byte that was asked for on; up to the end of a short file that came whole. */
  readonly bytes: Uint8Array;
}

/**
 * Receives the answer to the first request, which asks for `range`.
 * @throws {TryAgain} it is malformed.
 * @throws {SourceError} the server refuses, or answers no ranges.
 */
export async function receiveFirst(
  answer: HttpAnswer,
  range: Range,
  credentials: CredentialHint | undefined,
): Promise<Opening> {
  if (answer.status === 416) {
    const total = contentRange(answer)?.total;
    if (total === undefined || total > range.first)
      throw malformed(answer.display, "refuses the first bytes of the file");
    return { total, bytes: new Uint8Array(0) };
  }
  if (answer.status === 200) {
    const whole = await readWhole(answer);
    return { total: whole.length, bytes: whole.subarray(range.first) };
  }
  requireStatus(answer, [206], credentials);
  const { total, last } = requireRange(answer, range);
  return { total, bytes: await readExactly(answer, last - range.first + 1) };
}

/**
 * Whether an answer says that a resource has the version whose strong tag was sent as `If-None-Match`.
 * @throws {TryAgain} it names another version, or the server does not take the condition.
 */
export function isUnchanged(answer: HttpAnswer, tag: string | undefined): boolean {
  if (tag === undefined) return false;
  if (REFUSED.includes(answer.status)) throw malformed(answer.display, "refuses a condition");
  if (answer.status !== 304) return false;
  const named = header(answer, "etag");
  // The condition compares weakly (RFC 9110, section 13.1.2).
  if (named !== undefined && named.replace(/^W\//, "") !== tag) {
    throw malformed(answer.display, "says that the file is unchanged, and names another version of it");
  }
  return true;
}

/** Takes a short file as the answer to a range; a server may do that (RFC 9110, section 14.2). */
async function readWhole(answer: HttpAnswer): Promise<Uint8Array> {
  requireIdentity(answer);
  const length = contentLength(answer);
  if (length === undefined && header(answer, "transfer-encoding") === undefined) {
    throw new SourceError(
      "SOURCE_UNSUPPORTED",
      `${answer.display}: does not say how long the file is: ${DOWNLOAD}`,
    );
  }
  if (length !== undefined && length <= WHOLE) return readExactly(answer, length);
  if (header(answer, "accept-ranges")?.toLowerCase() === "bytes") {
    throw malformed(answer.display, "sends the whole file, where a range of it was asked for");
  }
  const noRanges = new SourceError(
    "SOURCE_UNSUPPORTED",
    `${answer.display}: the server does not answer ranges: ${DOWNLOAD}`,
  );
  if (length !== undefined) throw noRanges;
  try {
    return await readBody(answer, WHOLE);
  } catch (error) {
    throw error instanceof SourceError ? noRanges : error;
  }
}

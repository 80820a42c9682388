import { DocteurError, InvalidImageError } from "../../reader/errors.ts";
import { writeJson } from "./screen.ts";

/** A failure as programs want it. */
export interface JsonFailure {
  /** Stable: docs/ERRORS.md. */
  readonly code: DocteurError["code"];
  /** The line that people get. */
  readonly message: string;
  /** What is wrong with an image: the kind of damage, its byte offset, the object's id. */
  readonly fault?: string;
  readonly offset?: number | undefined;
  readonly object?: string | undefined;
}

/** Undefined for an interruption or a defect. */
export function jsonFailure(error: unknown, redact: (text: string) => string): JsonFailure | undefined {
  if (!(error instanceof DocteurError)) return undefined;
  const { code } = error;
  const message = redact(error.message);
  const invalid = error instanceof InvalidImageError ? error : error.cause;
  if (!(invalid instanceof InvalidImageError)) return { code, message };
  const { fault, offset, object } = invalid;
  return { code, fault, offset, object, message };
}

/** Writes `{"error": ...}`, or nothing for an interruption or a defect. */
export function writeJsonFailure(
  stream: NodeJS.WriteStream,
  error: unknown,
  redact: (text: string) => string,
): void {
  const failure = jsonFailure(error, redact);
  if (failure !== undefined) writeJson(stream, { error: failure });
}

import type { SourceErrorCode } from "./error-codes.ts";
import { DocteurError } from "./errors.ts";

/**
 * An image that lies elsewhere cannot be read there: the server, the network, or what has changed on the way.
 * Never damage of the image itself. The message names the source without its secrets, and what to do.
 */
export class SourceError extends DocteurError {
  override name = "SourceError";
  declare readonly code: SourceErrorCode;

  constructor(code: SourceErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

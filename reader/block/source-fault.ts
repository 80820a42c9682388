import { SourceError } from "../source-error.ts";

/**
 * The error of a read that fails where the image lies elsewhere.
 * @param source what messages call it. @param why such as `EIO`.
 */
export function sourceFault(source: string, why: string, options?: ErrorOptions): SourceError {
  const what = `it cannot be read where it lies any more (${why}): check its server and the network, and try again`;
  return new SourceError("SOURCE_UNREACHABLE", `${source}: ${what}`, options);
}

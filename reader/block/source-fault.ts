import { DocteurError } from "../errors.ts";

/** The code of an image that lies elsewhere and cannot be read there: nothing is wrong with the image. */
export const SOURCE_UNREACHABLE = "SOURCE_UNREACHABLE";

/**
 * The error of a read that fails where the image lies elsewhere.
 * @param source what messages call it. @param why such as `EIO`.
 */
export function sourceFault(source: string, why: string, options?: ErrorOptions): DocteurError {
  const what = `it cannot be read where it lies any more (${why}): check its server and the network, and try again`;
  return new DocteurError(SOURCE_UNREACHABLE, `${source}: ${what}`, options);
}

/** Whether an error is that of a read which has failed where the image lies. */
export function isSourceFault(error: unknown): boolean {
  return error instanceof DocteurError && error.code === SOURCE_UNREACHABLE;
}

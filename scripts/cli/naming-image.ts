import { DocteurError, InvalidImageError } from "../../reader/errors.ts";

/** Does work on an image, and puts the name of the file before the message of an error about its content. */
export async function namingImage<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InvalidImageError)) throw error;
    throw new DocteurError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

import { DocteurError, InvalidImageError } from "../../reader/errors.ts";

/** Does work on an image; an error about its content, which knows an offset but no file, is told with the file's name. */
export async function namingImage<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InvalidImageError)) throw error;
    throw new DocteurError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

import { DocteurError } from "../../reader/errors.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";

/**
 * Checks that a repository names its objects as was asked for; nothing asked for is any way.
 * @param where the repository, for messages.
 * @throws {DocteurError} `OBJECT_FORMAT`.
 */
export function checkRequestedFormat(
  format: HashAlgorithm,
  requested: HashAlgorithm | undefined,
  where: string,
): void {
  if (requested === undefined || requested === format) return;
  const what = `${where} is a ${format} repository, and its objects keep their ids`;
  throw new DocteurError("OBJECT_FORMAT", `${what}: leave out --object-format ${requested}`);
}

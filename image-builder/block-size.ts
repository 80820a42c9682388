import { DocteurError } from "../reader/errors.ts";

/** Bytes that the parts of an image are padded to unless said otherwise; what the original takes, too. */
export const DEFAULT_BLOCK_SIZE = 512;

/** The largest block size taken: more is padding without a use. */
const MAX_BLOCK_SIZE = 1024 * 1024 * 1024;

/**
 * Checks a block size. It must be a multiple of 512, or readers, the original among them, could not read the
 * IDX in whole sectors.
 * @throws {DocteurError} `BAD_BLOCK_SIZE`.
 */
export function checkBlockSize(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes > 0 && bytes <= MAX_BLOCK_SIZE && bytes % 512 === 0) return bytes;
  throw new DocteurError(
    "BAD_BLOCK_SIZE",
    `bad block size ${bytes}: it must be a multiple of 512 bytes, at most 1 GiB`,
  );
}

/**
 * An image is not as its IDX says, or another thread has found that. A scan from the first byte to the last
 * finds what is wrong, and where.
 */
export class Doubt extends Error {
  override name = "Doubt";
}

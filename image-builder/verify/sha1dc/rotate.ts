/** A 32-bit word rotated to the left. @param count 1 to 31. */
export function rotateLeft(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}

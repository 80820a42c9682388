/** Bytes of a shingle. */
const SHINGLE = 8;

/** Hashes in a sketch. */
export const SKETCH = 16;

/**
 * A sketch of a content: the least hashes of all its shingles, each once, in ascending order; fewer of a short
 * one. Of two contents that share a part of their shingles, the sketches share about the same part (bottom-k
 * sketches; Broder, "On the resemblance and containment of documents", 1997).
 */
export function sketch(bytes: Uint8Array): Uint32Array {
  const least = new Uint32Array(SKETCH);
  let count = 0;
  let high = 0;
  let low = 0;
  for (let at = 0; at < bytes.length; at++) {
    // The last eight bytes, four in each.
    high = (high << 8) | (low >>> 24);
    low = (low << 8) | (bytes[at] as number);
    if (at < SHINGLE - 1) continue;
    const hash = mix(high, low);
    if (count === SKETCH && hash >= (least[SKETCH - 1] as number)) continue;
    let place = count;
    while (place > 0 && (least[place - 1] as number) > hash) place--;
    if (place > 0 && least[place - 1] === hash) continue;
    if (count < SKETCH) count++;
    least.copyWithin(place + 1, place, count - 1);
    least[place] = hash;
  }
  return least.subarray(0, count);
}

/** 64 bits to 32, each of which depends on all (as the finalizer of MurmurHash3 has it). */
function mix(high: number, low: number): number {
  let value = Math.imul(high, 0x85ebca6b) ^ Math.imul(low ^ (low >>> 15), 0x9e3779b1);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

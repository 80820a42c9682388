/** Digits of a name, each of two bits: enough for the 16 million objects that a part can hold. */
const DIGITS = 12;

/** Any four characters in a row would do. */
const ZERO = 0x40;

/**
 * A name for the object at `place`, counted from 0, of `count` that git is to look at in this order when it searches deltas.
 *
 * `git pack-objects` takes a name beside each id and orders by a number made of it, the highest first, in which each character
 * counts four times as much as the one before (git's `pack_name_hash`). So a number in base four, its lowest digit first, is a
 * name that stands where the number stands.
 */
export function orderName(place: number, count: number): string {
  let rest = count - 1 - place;
  let name = "";
  for (let digit = 0; digit < DIGITS; digit++) {
    name += String.fromCharCode(ZERO + (rest % 4));
    rest = Math.floor(rest / 4);
  }
  return name;
}

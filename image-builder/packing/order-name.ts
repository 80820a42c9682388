/** Digits of a name, each of two bits: enough for the 16 million objects that a part can hold. */
const DIGITS = 12;

/** Any four characters in a row would do. */
const ZERO = 0x40;

/**
 * A name for the object at `position`, from 0 to `count - 1`, in the order in which git searches objects for
 * deltas.
 *
 * `git pack-objects` reads a name after each id and sorts by a hash of it, the highest first, in which each
 * character counts four times as much as the one before (git's `pack_name_hash`). So a number in base four,
 * lowest digit first, is a name that sorts as the number does.
 */
export function orderName(position: number, count: number): string {
  let rest = count - 1 - position;
  let name = "";
  for (let digit = 0; digit < DIGITS; digit++) {
    name += String.fromCharCode(ZERO + (rest % 4));
    rest = Math.floor(rest / 4);
  }
  return name;
}

/** A status that HTTP has (RFC 9110, section 15); undefined for another number. */
export function validStatus(status: number): number | undefined {
  return Number.isInteger(status) && status >= 100 && status <= 599 ? status : undefined;
}

/** A count as a whole number from 0 to 2^53 - 1; 0 for what is none. */
export function validCount(count: number): number {
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** The longest duration that is believed: a day. */
const LONGEST = 86_400;

/** A duration in seconds, from 0 to a day; 0 for what is none. */
export function validSeconds(seconds: number): number {
  return seconds > 0 ? Math.min(seconds, LONGEST) : 0;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const PREFERRED = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const RFC_850 = /^[A-Z][a-z]{5,8}, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** The last second that four digits of a year can tell. */
const LAST_SECOND = 253402300799;

/** A date as HTTP writes it (RFC 9110, section 5.6.7). Undefined for one that it cannot. @param seconds since the epoch. */
export function formatHttpDate(seconds: number): string | undefined {
  return seconds >= 0 && seconds <= LAST_SECOND ? new Date(seconds * 1000).toUTCString() : undefined;
}

/** Reads any of HTTP's three forms, in seconds since the epoch. Undefined for what is no date. */
export function parseHttpDate(text: string): number | undefined {
  let fields = PREFERRED.exec(text);
  if (fields !== null) {
    const [, day, month, year, ...time] = fields;
    return toSeconds(Number(year), month!, Number(day), time);
  }
  fields = RFC_850.exec(text);
  if (fields !== null) {
    const [, day, month, year, ...time] = fields;
    return toSeconds(fullYear(Number(year)), month!, Number(day), time);
  }
  fields = ASCTIME.exec(text);
  if (fields === null) return undefined;
  const [, month, day, hours, minutes, seconds, year] = fields;
  return toSeconds(Number(year), month!, Number(day), [hours!, minutes!, seconds!]);
}

/** Two digits name the past if they would else name a year more than 50 years from now. */
function fullYear(digits: number): number {
  const now = new Date().getUTCFullYear();
  const year = now - (now % 100) + digits;
  return year > now + 50 ? year - 100 : year;
}

function toSeconds(
  year: number,
  month: string,
  day: number,
  [hours, minutes, seconds]: string[],
): number | undefined {
  const index = MONTHS.indexOf(month);
  const date = Date.UTC(year, index, day, Number(hours), Number(minutes), Number(seconds));
  const valid =
    index >= 0 &&
    new Date(date).getUTCDate() === day &&
    Number(hours) < 24 &&
    Number(minutes) < 60 &&
    Number(seconds) <= 60;
  return valid ? date / 1000 : undefined;
}

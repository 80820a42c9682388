/** Who did something, and when. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Seconds since the epoch, from 0 to 8,640,000,000,000: what a `Date` can hold. */
  readonly date: number;
  /**
   * The writer's offset from UTC in minutes; east is positive. The local time, too, is one that a `Date` can
   * hold.
   */
  readonly zone: number;
}

/** What git shows of a line without an address. */
const NOBODY: Signature = { name: "", email: "", date: 0, zone: 0 };

/** The seconds that a `Date` can hold, before and after the epoch. */
const LAST_SECOND = 8.64e12;

/**
 * Git takes a zone for none whose digits, read as one number, do not lie between these: the least and the
 * greatest `int`.
 */
const LEAST_INT = -(2 ** 31);
const GREATEST_INT = 2 ** 31 - 1;

const DATE_AND_ZONE = /^[ \t\r]*(\d+)[ \t\r]*([+-]\d+)/;

/**
 * Reads what follows `author ` or `committer ` in a commit as git reads it (`split_ident_line` in its
 * ident.c, `show_ident_date` in its pretty.c): the name ends at the first `<`, the address at the next `>`,
 * and the date follows the last `>`. A line that lacks one of the two brackets has neither name nor address.
 * A date that is not digits, blanks, a sign and digits is the epoch.
 *
 * Two kinds of date differ from what git shows: one that no `Date` can hold is the epoch, as in
 * git is one that no `time_t` can hold; and a zone is UTC with which the local time could not be told.
 */
export function parseSignature(line: string): Signature {
  const nul = line.indexOf("\0");
  const text = nul < 0 ? line : line.slice(0, nul);
  const opened = text.indexOf("<");
  const closed = opened < 0 ? -1 : text.indexOf(">", opened);
  if (closed < 0) return NOBODY;
  const [, seconds, zone] = DATE_AND_ZONE.exec(text.slice(text.lastIndexOf(">") + 1)) ?? [];
  return {
    name: withoutBlanksAtEnd(text.slice(0, opened)),
    email: text.slice(opened + 1, closed),
    ...dateAndZone(Number(seconds ?? 0), Number(zone ?? 0)),
  };
}

/** @param digits of the zone: the last two are minutes, those before them hours. */
function dateAndZone(seconds: number, digits: number): Pick<Signature, "date" | "zone"> {
  if (seconds > LAST_SECOND) return { date: 0, zone: 0 };
  const isZone = digits > LEAST_INT && digits < GREATEST_INT;
  const zone = isZone ? Math.trunc(digits / 100) * 60 + (digits % 100) : 0;
  // Not the -0 that "-0000" comes to.
  return { date: seconds, zone: Math.abs(seconds + zone * 60) <= LAST_SECOND ? zone || 0 : 0 };
}

/** A regular expression would go through each run of blanks again from each of them. */
function withoutBlanksAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && " \t\r\n".includes(text[end - 1] as string)) end--;
  return text.slice(0, end);
}

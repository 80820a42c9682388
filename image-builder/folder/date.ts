import { DocteurError } from "../../reader/errors.ts";

/** A moment and the zone it was written in, as a commit records them. */
export interface CommitDate {
  /** Whole seconds since 1970-01-01T00:00:00Z, not negative. */
  readonly seconds: number;
  /** Minutes east of UTC. */
  readonly zone: number;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/i;

/**
 * Parses a date and time of RFC 3339, section 5.6. Keeps the zone, drops a fraction of a second, which a
 * commit cannot hold. A leap second counts as the second after it.
 * @throws {DocteurError} `BAD_DATE`, also for a day that does not exist and for a date before 1970.
 */
export function parseDate(text: string): CommitDate {
  const match = RFC3339.exec(text);
  if (match === null) throw bad(text, "it must have the form 2020-10-10T08:00:00+00:00 (RFC 3339)");
  const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zoneHours = Number(match[8] ?? 0);
  const zoneMinutes = Number(match[9] ?? 0);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A month of 13 or a 30th of February moves the date on to another month.
  if (month < 1 || date.getUTCMonth() !== month - 1 || day < 1) throw bad(text, "there is no such day");
  const leap = seconds === 60 && minutes === 59;
  if (hours > 23 || minutes > 59 || (seconds > 59 && !leap)) throw bad(text, "there is no such time of day");
  if (zoneHours > 23 || zoneMinutes > 59) throw bad(text, "there is no such time zone");
  const zone = (match[7] === "-" ? -1 : 1) * (zoneHours * 60 + zoneMinutes);
  const total = date.getTime() / 1000 + hours * 3600 + (minutes - zone) * 60 + seconds;
  if (total < 0) throw bad(text, "Git has no dates before 1970");
  // Not minus zero, which a zone of -00:00 would give.
  return { seconds: total, zone: zone === 0 ? 0 : zone };
}

/** This moment, in this machine's zone. */
export function currentDate(): CommitDate {
  const now = new Date();
  const zone = -now.getTimezoneOffset();
  return { seconds: Math.floor(now.getTime() / 1000), zone: zone === 0 ? 0 : zone };
}

/** As a commit's author and committer lines have it: `1602316800 +0000`. */
export function formatDate(date: CommitDate): string {
  const minutes = Math.abs(date.zone);
  const digits = (n: number) => String(n).padStart(2, "0");
  return `${date.seconds} ${date.zone < 0 ? "-" : "+"}${digits(Math.floor(minutes / 60))}${digits(minutes % 60)}`;
}

function bad(text: string, why: string): DocteurError {
  return new DocteurError("BAD_DATE", `bad date ${JSON.stringify(text)}: ${why}`);
}

import test from "ava";
import fc from "fast-check";
import { currentDate, formatDate, parseDate } from "../../../image-builder/folder/date.ts";
import { failsWith } from "../failure.ts";

test("dates are parsed and formatted as a commit has them", (t) => {
  for (const [text, formatted] of [
    ["2020-10-10T08:00:00+00:00", "1602316800 +0000"],
    ["2021-03-04T05:06:07-03:30", "1614846967 -0330"],
    ["2020-10-10t08:00:00z", "1602316800 +0000"],
    ["2020-10-10 08:00:00Z", "1602316800 +0000"],
    ["2020-10-10T08:00:00.999Z", "1602316800 +0000"],
    ["2020-10-10T08:00:00-00:00", "1602316800 +0000"],
    ["2020-02-29T23:59:59+05:45", "1583000099 +0545"],
    ["2016-12-31T23:59:60Z", "1483228800 +0000"],
    ["1970-01-01T00:00:00Z", "0 +0000"],
    ["9999-12-31T23:59:59Z", "253402300799 +0000"],
  ] as const) {
    t.is(formatDate(parseDate(text)), formatted, text);
  }
});

test("a malformed date is refused", async (t) => {
  for (const text of [
    ...[
      "",
      "yesterday",
      "2020-10-10",
      "2020-10-10T08:00:00",
      "2020-10-10T08:00Z",
      "1602316800",
      "x2020-10-10T08:00:00Z",
    ],
    ...["2020-13-10T08:00:00Z", "2020-00-10T08:00:00Z", "2021-02-29T08:00:00Z", "2020-10-00T08:00:00Z"],
    ...["2020-10-10T24:00:00Z", "2020-10-10T08:60:00Z", "2020-10-10T08:00:60Z", "2020-10-10T08:00:00+24:00"],
    ...[
      "2020-10-10T08:00:00+00:60",
      "2020-10-10T08:00:00+0000",
      "1969-12-31T23:59:59Z",
      "0000-01-01T00:00:00Z",
    ],
  ]) {
    await failsWith(t, "BAD_DATE", () => parseDate(text), /^bad date/);
  }
});

test("any moment in any zone is parsed as Date parses it", (t) => {
  const moment = fc.record({
    seconds: fc.integer({ min: 86_400, max: 253_402_200_000 }),
    zone: fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }),
  });
  fc.assert(
    fc.property(moment, ({ seconds, zone }) => {
      const local = new Date((seconds + zone * 60) * 1000).toISOString().slice(0, 19);
      const minutes = Math.abs(zone);
      const digits = (n: number) => String(n).padStart(2, "0");
      const offset = `${zone < 0 ? "-" : "+"}${digits(Math.floor(minutes / 60))}:${digits(minutes % 60)}`;
      t.deepEqual(parseDate(`${local}${offset}`), { seconds, zone });
    }),
  );
});

test("currentDate is now, in this machine's zone", (t) => {
  const before = Math.floor(Date.now() / 1000);
  const { seconds, zone } = currentDate();
  t.true(seconds >= before && seconds <= Date.now() / 1000);
  t.is(zone, 0 - new Date(seconds * 1000).getTimezoneOffset());
});

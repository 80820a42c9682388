import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { readSources } from "../../scripts/check-imports.ts";
import { exitStatusTable } from "../../scripts/cli/exit-status.ts";
import { ExitStatus } from "../../scripts/cli/failure.ts";
import { InterruptedError } from "../../scripts/cli/interruption.ts";

const CHECKOUT = join(import.meta.dirname, "../..");
const page = readFileSync(join(CHECKOUT, "docs/ERRORS.md"), "utf8");
const sources = readSources(CHECKOUT);

/** The members of a union of strings, as its type is written. */
function union(file: string, name: string): string[] {
  const [, members = ""] = new RegExp(`^export type ${name} =\\n(.*?);$`, "ms").exec(sources.get(file)!)!;
  return [...members.matchAll(/^ {2}\| "(.+)"$/gm)].map(([, member]) => member!);
}

/** What the first column of the page's tables has, by the columns' headings. */
function firstColumn(heading: string): string[] {
  const tables = page.matchAll(/^(\| .* \|)\n\|(?:-+\|)+\n((?:\|.*\n)+)/gm);
  return [...tables].flatMap(([, head, rows]) =>
    head === heading ? [...rows!.matchAll(/^\| `?([\w-]+)`? \|/gm)].map(([, first]) => first!) : [],
  );
}

const codes = [
  ...new Set(["ErrorCode", "SourceErrorCode"].flatMap((name) => union("reader/error-codes.ts", name))),
];

test("the page has a line for each error code, and for nothing else", (t) => {
  t.true(codes.length > 80);
  t.deepEqual(firstColumn("| code | what happened | what to do |").toSorted(), codes.toSorted());
});

test("the page has a line for each fault of an image, and for nothing else", (t) => {
  t.deepEqual(firstColumn("| fault | what is wrong |"), union("reader/errors.ts", "Fault"));
});

test("the page has a line for each code of the file system, and for nothing else", (t) => {
  t.deepEqual(firstColumn("| code | what happened |"), union("reader/error-codes.ts", "FsErrorCode"));
});

/** What may be wrong with a thing. */
const STATES =
  /_(?:ABANDONED|AMBIGUOUS|CHANGED|CLOSED|DAMAGED|DENIED|DIED|ENDED|EXPECTED|FAILED|FORBIDDEN|FULL|GONE|HANGS|INVALID|MALFORMED|MISSING|NOT_EMPTY|NOT_FOUND|REFUSES|TAKEN|TIMEOUT|TOO_(?:LARGE|LONG|OLD)|UNKNOWN|UNREACHABLE|UNREADABLE|UNSAFE|UNSUPPORTED|UNUSABLE|UNWRITABLE)$/;

test("each code has the form that the page describes, except those that it names", (t) => {
  const [, named] = /Some codes have another form,(.*?)\n\n/s.exec(page)!;
  const others = codes.filter((code) => !/^(?:BAD|NO|NOT_A)_/.test(code) && !STATES.test(code));
  t.deepEqual(
    [...named!.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code),
    others.toSorted(),
  );
});

test("each line of the page says what happened and what to do, in sentences", (t) => {
  const rows = page.match(/^\| `[A-Z_]+` \|.*$/gm)!;
  for (const row of rows) t.regex(row, /^\| `[A-Z_]+` \|(?: [A-Z`].*?\. \|)+$/, row);
});

test("each code of the type is in the sources, and each error of the sources has a code of the type", (t) => {
  const texts = [...sources].filter(([file]) => file !== "reader/error-codes.ts").map(([, text]) => text);
  // The libraries' entry checks Node's version in a script of its own.
  for (const code of codes)
    t.true(
      texts.some((text) => text.includes(`"${code}"`)),
      code,
    );
  const thrown = texts.flatMap((text) => [
    ...text.matchAll(/\b(?:new (?:Docteur|Program|Guest|Source)Error|failure|code:)\(?\s*"([A-Z][A-Z_]+)"/g),
  ]);
  t.true(thrown.length > 100);
  const known = new Set<string>([...codes, ...union("reader/error-codes.ts", "FsErrorCode")]);
  for (const [, code] of thrown) t.true(known.has(code!) || code!.startsWith("ERR_"), code);
});

test("each code that a doc comment names is one of the type", (t) => {
  const named = [...sources].flatMap(([file, text]) =>
    [...text.matchAll(/(?:@throws \{DocteurError\}|`code` is)((?:[\s*,;]|`[A-Z_]+`)+)/g)].flatMap(
      ([, list]) => [...list!.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => ({ file, code: code! })),
    ),
  );
  t.true(named.length > 50);
  for (const { file, code } of named) t.true(codes.includes(code), `${file}: ${code}`);
});

test("the exit statuses of the page are those of the command", (t) => {
  const statuses = firstColumn("| status | meaning |").map(Number);
  const ended = (["SIGHUP", "SIGINT", "SIGPIPE", "SIGTERM"] as const).map(
    (name) => new InterruptedError(name),
  );
  t.deepEqual(statuses, [...Object.values(ExitStatus), ...ended.map(({ status }) => status)]);
  for (const { signal, status } of ended)
    t.regex(page, new RegExp(`^\\| ${status} \\|.*\\b${signal}\\b`, "m"));
  for (const [status] of exitStatusTable.matchAll(/\b\d{1,3}\b(?!\+)/g)) {
    if (status !== "128") t.true(statuses.includes(Number(status)), status);
  }
});

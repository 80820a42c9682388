import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { parseCommit } from "../../../reader/git/commit.ts";
import { parseSignature } from "../../../reader/git/signature.ts";
import { Repository } from "../repository.ts";

const TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const WHO = "Ada Lovelace <ada@example.com> 1602316800 +0200";
const LAST_SECOND = 8_640_000_000_000;

/** Git's own reading of many author lines, by the line. An empty date is none. */
function gitReads(lines: readonly string[]): Map<string, { name: string; email: string; date: string }> {
  using repository = new Repository();
  repository.write("tree", "");
  const ids = new Map<string, string>();
  for (const line of lines) {
    const bytes = Buffer.from(`tree ${TREE}\nauthor ${line}\ncommitter ${WHO}\n\nx\n`, "latin1");
    ids.set(repository.write("commit", bytes), line);
  }
  const format = "--format=%H%x00%an%x00%ae%x00%ad%x00";
  const args = ["log", "--no-walk=unsorted", "--stdin", "-z", "--date=raw", format];
  const fields = repository
    .git(args, `${[...ids.keys()].join("\n")}\n`)
    .toString()
    .split("\0");
  const read = new Map();
  for (let i = 0; i + 4 < fields.length; i += 5) {
    const [id, name, email, date] = fields.slice(i, i + 4) as [string, string, string, string];
    read.set(ids.get(id) as string, { name, email, date });
  }
  assert.equal(read.size, ids.size);
  return read;
}

const part = fc.constantFrom(
  ...["<", ">", "<<", ">>", " <", "> ", "> >", " ", "  ", "\t", "\r", "\v", "\f", "\xa0", "\xe9", "\x01"],
  ..."Ada,A U Thor,ada@example.com,1602316800,1602316800.5,0,-1,1e9,0x10,+0200,-0700,--700,+-0200,0000".split(
    ",",
  ),
  ..."+5,-7,+051800,-9959,UTC,+0000x,Thu Oct 8 2020,8640000000000,8640000000001,9223372036854775807".split(
    ",",
  ),
  ..."9223372036854775808,18446744073709551615,18446744073709551616,99999999999999999999999999".split(","),
  ..."+2147483646,+2147483647,-2147483647,-2147483648,+99999999999999999999".split(","),
);
/** Lines that are nearly right, and any heaps of their parts. */
const line = fc.oneof(
  fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
  fc
    .tuple(fc.constantFrom("A", "", " ", "A U Thor "), part, part, part)
    .map(([name, email, date, zone]) => `${name}<${email}> ${date} ${zone}`),
  fc
    .tuple(fc.constantFrom(WHO, "A <a@b> 1 +0000"), fc.nat(50), fc.nat(3), part)
    .map(([whole, at, count, put]) => whole.slice(0, at) + put + whole.slice(at + count)),
);

test("author lines of any shape are read as git reads them", (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.log(`SEED=${seed}`);
  const lines = fc.sample(line, { numRuns: 6000, seed });
  const read = gitReads(lines);
  let dated = 0;
  for (const [line, { name, email, date }] of read) {
    const bytes = Buffer.from(`tree ${TREE}\nauthor ${line}\ncommitter ${WHO}\n\nx\n`, "latin1");
    const { author, committer } = parseCommit(bytes);
    const shown = JSON.stringify(line);
    assert.deepEqual({ name: author.name, email: author.email }, { name, email }, shown);
    assert.deepEqual({ date: author.date, zone: author.zone }, expectedDate(date), shown);
    assert.equal(committer.name, "Ada Lovelace");
    if (date !== "") dated++;
  }
  t.true(dated > 300 && dated < read.size - 300, `${dated} of ${read.size} have a date`);
});

/** What git's raw date comes to, in so far as a `Date` can hold it. */
function expectedDate(raw: string): { date: number; zone: number } {
  const [seconds, digits] = raw.split(" ").map(Number) as [number, number];
  if (raw === "" || seconds > LAST_SECOND) return { date: 0, zone: 0 };
  const minutes = Math.trunc(digits / 100) * 60 + (digits % 100);
  const local = new Date((seconds + minutes * 60) * 1000);
  return { date: seconds, zone: Number.isNaN(local.getTime()) ? 0 : minutes };
}

const KNOWN: [string, string, string, number, number][] = [
  ["A U Thor <author@example.com> 1288373970 --700", "A U Thor", "author@example.com", 0, 0],
  [
    "A U Thor<au <A U Thor<author@example.com>> 1282910542 +0200",
    "A U Thor",
    "au <A U Thor<author@example.com",
    1282910542,
    120,
  ],
  ["A U Thor <author@example.com>> 1234567890 +0000", "A U Thor", "author@example.com", 1234567890, 0],
  ["A U Thor <author@example.com>  1234567890  -0130", "A U Thor", "author@example.com", 1234567890, -90],
  ["A U Thor <author@example.com> 1234567890", "A U Thor", "author@example.com", 0, 0],
  ["A U Thor <author@example.com>", "A U Thor", "author@example.com", 0, 0],
  ["A U Thor <author@example.com> Thu, 7 Apr 2005 22:13:13 +0200", "A U Thor", "author@example.com", 0, 0],
  ["A U Thor <author@example.com> -1 +0000", "A U Thor", "author@example.com", 0, 0],
  ["A U Thor <author@example.com> 99999999999999999999 +0200", "A U Thor", "author@example.com", 0, 0],
  ["A U Thor author@example.com 1234567890 +0000", "", "", 0, 0],
  ["A U Thor <author@example.com", "", "", 0, 0],
  ["", "", "", 0, 0],
  ["<a@b> 1 +0545", "", "a@b", 1, 345],
  ["A < <b> 1 +0000", "A", " <b", 1, 0],
  ["A <a> 8640000000000 +0000", "A", "a", LAST_SECOND, 0],
  ["A <a> 8640000000000 +0100", "A", "a", LAST_SECOND, 0],
  ["A <a> 8640000000001 +0100", "A", "a", 0, 0],
  ["A <a> 5 +051800", "A", "a", 5, 518 * 60],
  ["A <a> 5 -7", "A", "a", 5, -7],
  ["A <a>\0 5 +0100", "A", "a", 0, 0],
];
for (const [line, name, email, date, zone] of KNOWN) {
  test(`the line ${JSON.stringify(line)}`, (t) => {
    t.deepEqual(parseSignature(line), { name, email, date, zone });
  });
}

test("any line is read in time that is proportional to its length", (t) => {
  const length = 2_000_000;
  for (const unit of ["<", ">", " ", "a ", "<a ", " <", "<>", "1", "> 1", "> 1 +", "\t"]) {
    const { date } = parseSignature(unit.repeat(length / unit.length));
    t.is(date, 0);
  }
});

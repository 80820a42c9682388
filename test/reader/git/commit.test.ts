import test from "ava";
import fc from "fast-check";
import { InvalidImageError } from "../../../reader/errors.ts";
import { parseCommit } from "../../../reader/git/commit.ts";
import { refused } from "../fault.ts";
import { FORMATS } from "../formats.ts";
import { Repository } from "../repository.ts";

const TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const WHO = "Ada Lovelace <ada@example.com> 1602316800 +0200";
const parse = (text: string) => parseCommit(Buffer.from(text));
const commit = (author: string, committer = WHO) =>
  `tree ${TREE}\nauthor ${author}\ncommitter ${committer}\n\nmessage\n`;

test("git's own commits are read as git shows them", (t) => {
  const repositories = FORMATS.map((format) => new Repository(format));
  t.teardown(() => {
    for (const repository of repositories) repository[Symbol.dispose]();
  });
  const emptyTrees = new Map(repositories.map((each) => [each, each.write("tree", "")]));
  const zones = ["+0000", "-0330", "+1400", "-1200", "+0545"];
  const who = fc.record({
    name: fc.constantFrom("Ada", "Ada Lovelace", "Grüße, 日本", "O'Neil (work)", '"quoted"', "a, b; c", "A."),
    email: fc.constantFrom("a@b", "ada@example.com", "", "no address", "ü@ö"),
    date: fc.integer({ min: 0, max: 2 ** 32 + 5 }),
    zone: fc.constantFrom(...zones),
  });
  const message = fc.constantFrom(
    "one line\n",
    "two\n\nparagraphs\n",
    "",
    "no newline",
    "\n\nleading\n",
    "ünï\n",
  );
  const either = fc.constantFrom(...repositories);
  const property = fc.property(
    who,
    who,
    fc.nat(2),
    message,
    either,
    (author, committer, parents, message, repository) => {
      const empty = emptyTrees.get(repository)!;
      const ids = Array.from({ length: parents }, (_, i) => repository.writeCommit(empty, `parent ${i}`));
      const id = repository
        .gitWith(
          {
            GIT_AUTHOR_NAME: author.name,
            GIT_AUTHOR_EMAIL: author.email,
            GIT_AUTHOR_DATE: `@${author.date} ${author.zone}`,
            GIT_COMMITTER_NAME: committer.name,
            GIT_COMMITTER_EMAIL: committer.email,
            GIT_COMMITTER_DATE: `@${committer.date} ${committer.zone}`,
          },
          ["commit-tree", empty, ...ids.flatMap((parent) => ["-p", parent])],
          message,
        )
        .toString()
        .trim();
      const format = ["%T", "%P", "%an", "%ae", "%ad", "%cn", "%ce", "%cd"].join("%x00");
      const [tree, shownParents, an, ae, ad, cn, ce, cd] = repository
        .git(["show", "--no-patch", "--date=raw", `--format=${format}`, id])
        .toString()
        .slice(0, -1)
        .split("\0");
      const parsed = parseCommit(repository.contents([id]).get(id) as Buffer, id);
      t.is(parsed.tree, tree as string);
      t.is(parsed.tree.length, id.length);
      t.is(parsed.parents.join(" "), shownParents as string);
      t.is(parsed.author.name, an as string);
      t.is(parsed.author.email, ae as string);
      t.is(rawDate(parsed.author), ad as string);
      t.is(parsed.committer.name, cn as string);
      t.is(parsed.committer.email, ce as string);
      t.is(rawDate(parsed.committer), cd as string);
      t.is(parsed.message, message);
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 40, endOnFailure: true }));
});

function rawDate({ date, zone }: { date: number; zone: number }): string {
  const minutes = Math.abs(zone);
  const digits = String(Math.floor(minutes / 60) * 100 + (minutes % 60)).padStart(4, "0");
  return `${date} ${zone < 0 ? "-" : "+"}${digits}`;
}

test("header lines that are not known are passed over", (t) => {
  const text = `tree ${TREE}\nauthor ${WHO}\ncommitter ${WHO}\nencoding ISO-8859-1\ngpgsig -----BEGIN\n \n line\n -----END\n\nthe message\n`;
  t.is(parse(text).message, "the message\n");
});

test("the commit of a folder has neither blank line nor message", (t) => {
  t.is(parse(`tree ${TREE}\nauthor ${WHO}\ncommitter ${WHO}`).message, undefined);
  t.is(parse(`tree ${TREE}\nauthor ${WHO}\ncommitter ${WHO}\n`).message, undefined);
  t.is(parse(`tree ${TREE}\nauthor ${WHO}\ncommitter ${WHO}\n\n`).message, "");
});

const NAMES: [string, string, string][] = [
  ["<a@b> 1 +0000", "", "a@b"],
  [" <a@b> 1 +0000", "", "a@b"],
  ["A <> 1 +0000", "A", ""],
  ["A < <b> 1 +0000", "A", " <b"],
];
for (const [line, name, email] of NAMES) {
  test(`the author ${JSON.stringify(line)} is read`, (t) => {
    const { author } = parse(commit(line));
    t.is(author.name, name);
    t.is(author.email, email);
  });
}

const REFUSED: Record<string, string> = {
  nothing: "",
  "a newline": "\n",
  "no tree": `author ${WHO}\ncommitter ${WHO}\n\n`,
  "a short tree id": `tree ${TREE.slice(1)}\nauthor ${WHO}\ncommitter ${WHO}\n\n`,
  "a long tree id": `tree ${TREE}0\nauthor ${WHO}\ncommitter ${WHO}\n\n`,
  "a tree id that is not hexadecimal": `tree ${TREE.slice(1)}g\nauthor ${WHO}\ncommitter ${WHO}\n\n`,
  "a blank line first": `\ntree ${TREE}\nauthor ${WHO}\ncommitter ${WHO}\n`,
  "a malformed parent": `tree ${TREE}\nparent 123\nauthor ${WHO}\ncommitter ${WHO}\n\n`,
};
for (const [name, text] of Object.entries(REFUSED)) {
  test(`a commit with ${name} is refused`, (t) => {
    refused(t, "commit", () => parse(text));
  });
}

for (const { name, idLength } of FORMATS) {
  const [own, other] = [idLength, 52 - idLength].map((length) => "1a".repeat(length)) as [string, string];
  const text = (tree: string, parent: string) =>
    `tree ${tree}\nparent ${parent}\nauthor ${WHO}\ncommitter ${WHO}\n\n`;

  test(`${name}: a commit names a tree and parents by ids as long as its own`, (t) => {
    const parse = (tree: string, parent: string, object?: string) =>
      parseCommit(Buffer.from(text(tree, parent)), object);
    t.is(parse(own, own, own).tree, own);
    refused(t, "commit", () => parse(other, own, own));
    refused(t, "commit", () => parse(own, other, own));
    refused(t, "commit", () => parse(`${own}00`, own, own));
    t.is(parse(own, other).tree, own, "of a commit without an id either is accepted");
  });
}

const NOBODY = { name: "", email: "", date: 0, zone: 0 };
const ADA = { name: "Ada Lovelace", email: "ada@example.com", date: 1602316800, zone: 120 };
const ODD: [string, string, typeof ADA, typeof ADA][] = [
  ["no author", `tree ${TREE}\ncommitter ${WHO}\n\n`, NOBODY, ADA],
  ["no committer", `tree ${TREE}\nauthor ${WHO}\n\n`, ADA, NOBODY],
  ["neither", `tree ${TREE}\n\n`, NOBODY, NOBODY],
  ["the two in another order", `tree ${TREE}\ncommitter ${WHO}\nauthor ${WHO}\n\n`, ADA, ADA],
  ["other lines before them", `tree ${TREE}\nx y\nauthor ${WHO}\n\tz\ncommitter ${WHO}\n\n`, ADA, ADA],
  ["both behind the blank line", `tree ${TREE}\n\nauthor ${WHO}\ncommitter ${WHO}\n`, NOBODY, NOBODY],
  ["two authors", `tree ${TREE}\nauthor A <a> 1 +0000\nauthor ${WHO}\n\nauthor B <b> 1 +0000\n`, ADA, NOBODY],
  [
    "a line break in the address",
    `tree ${TREE}\nauthor A <a\n@b> 1 +0000\ncommitter ${WHO}\n\nx\n`,
    NOBODY,
    ADA,
  ],
  ["an author line that is signed only", `tree ${TREE}\ngpgsig x\n author ${WHO}\n\n`, NOBODY, NOBODY],
];
for (const [name, text, author, committer] of ODD) {
  test(`a commit with ${name}: read as git reads it`, (t) => {
    using repository = new Repository();
    repository.write("tree", "");
    const id = repository.write("commit", text);
    const format = "--format=%an%x00%ae%x00%ad%x00%cn%x00%ce%x00%cd%x00";
    const fields = repository.git(["log", "--date=raw", format, id]).toString().split("\0").slice(0, 6);
    const shown = ({ name, email, date }: typeof ADA) => [name, email, date === 0 ? "" : `${date} +0200`];
    t.deepEqual(fields, [...shown(author), ...shown(committer)]);
    const parsed = parse(text);
    t.deepEqual({ author: parsed.author, committer: parsed.committer }, { author, committer });
  });
}

test("any bytes are a commit or refused, in no time", (t) => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.string().map((text) => Buffer.from(commit(text))),
  );
  const property = fc.property(bytes, (bytes) => {
    try {
      parseCommit(bytes);
    } catch (error) {
      if (!(error instanceof InvalidImageError)) throw error;
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 1000 }));
});

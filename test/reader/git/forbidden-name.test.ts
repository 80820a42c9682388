import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { isForbiddenName } from "../../../reader/git/forbidden-name.ts";
import { encodeTree, Repository } from "../repository.ts";

const ID = "1234567890".repeat(4);
const part = fc.constantFrom(
  ".",
  ".g",
  "g",
  "G",
  "i",
  "I",
  "t",
  "T",
  "it",
  "git",
  "GIT",
  "~",
  "~1",
  " ",
  "\\",
  ":",
  "x",
);
const marks = fc.constantFrom("\u200c", "\u200b", "\u202e", "\ufeff", "\u2070", "é", "\ufffd", "\u0130");
const joined = (arbitrary: fc.Arbitrary<string>) =>
  fc.array(arbitrary, { minLength: 1, maxLength: 5 }).map((parts) => Buffer.from(parts.join("")));
const near = fc
  .tuple(
    fc.constantFrom(".git", ".GiT", "git~1", "GIT~1", ".g\u200cit", "\ufeff.git", ".gıt", ".gİt"),
    fc.array(part),
  )
  .map(([start, rest]) => Buffer.from(start + rest.slice(0, 3).join("")));
const broken = fc
  .tuple(fc.constantFrom(".git", ".gi", ".", ""), fc.uint8Array({ min: 1, maxLength: 3 }))
  .map(([start, rest]) => Buffer.concat([Buffer.from(start), rest]).filter((byte) => byte !== 0x2f));
const name = fc
  .oneof(joined(part), joined(fc.oneof(part, marks)), near, broken)
  .map((bytes) => Buffer.from(bytes));

test("names are forbidden that git does not check out", (t) => {
  using repository = new Repository();
  const blob = repository.write("blob", "x");
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.log(`SEED=${seed}`);
  const names = new Map(
    fc
      .sample(name, { numRuns: 5000, seed })
      // Git reads an empty name, and a NUL as its end, out of no tree.
      .filter((one) => one.length > 0 && !one.includes(0))
      .map((one) => [one.toString("latin1"), one]),
  );
  const lines = [...names.keys()].map((one) => `100644 ${blob}\t${one}\0`);
  // What it does not put into the index it does not check out.
  repository.git(["update-index", "-z", "--index-info"], Buffer.from(lines.join(""), "latin1"));
  const taken = new Set(repository.git(["ls-files", "-z"]).toString("latin1").split("\0"));
  for (const [one, bytes] of names) {
    assert.equal(!isForbiddenName(bytes), taken.has(one), `${bytes.toString("hex")} ${JSON.stringify(one)}`);
  }
  t.true(taken.size > 50 && taken.size < names.size - 50, `${taken.size} of ${names.size}`);
});

test("git fsck complains of every name that is forbidden", (t) => {
  using repository = new Repository();
  const names = new Map<string, Buffer>();
  for (const one of fc.sample(name, 1500)) {
    if (one.length === 0) continue;
    const id = repository.write("tree", encodeTree([{ mode: "100644", name: one, id: ID }]));
    names.set(id, one);
  }
  const complained = new Set(
    repository
      .complaints(["fsck", "--no-dangling"])
      .split("\n")
      .filter((line) => /hasDot|emptyName|fullPathname/.test(line))
      .map((line) => /in tree ([0-9a-f]{40})/.exec(line)?.[1]),
  );
  for (const [id, one] of names) {
    if (isForbiddenName(one)) assert.ok(complained.has(id), JSON.stringify(one.toString()));
  }
  t.true(complained.size > 20);
});

for (const name of [
  "",
  ".",
  "..",
  "a/b",
  ".git",
  ".GIT",
  "git~1",
  ".git. .",
  ".git::$INDEX_ALLOCATION",
  "test\\.git",
]) {
  test(`${JSON.stringify(name)} is forbidden`, (t) => {
    t.true(isForbiddenName(Buffer.from(name)));
  });
}

for (const name of [
  "...",
  ".gitignore",
  ".gitmodules",
  "git",
  "git~2",
  ".g",
  "gitk",
  ".gıt",
  "x.git",
  ".git-",
  // What HFS+ alone takes for `.git`.
  ".g\u200cit",
  "\ufeff.git",
  "a\\b",
]) {
  test(`${JSON.stringify(name)} is not`, (t) => {
    t.false(isForbiddenName(Buffer.from(name)));
  });
}

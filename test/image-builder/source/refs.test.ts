import test from "ava";
import { findRef, noHead, type Ref, refNotFound } from "../../../image-builder/source/refs.ts";
import { failsWith } from "../failure.ts";

const ids = { a: "a".repeat(40), b: "b".repeat(40) };
const refs: Ref[] = [
  { name: "HEAD", id: ids.a },
  { name: "refs/heads/main", id: ids.a },
  { name: "refs/heads/feature/x", id: ids.b },
  { name: "refs/heads/same", id: ids.a },
  { name: "refs/heads/both", id: ids.a },
  { name: "refs/tags/same", id: ids.a },
  { name: "refs/tags/both", id: ids.b },
  { name: "refs/tags/v1", id: ids.b },
  { name: "refs/remotes/origin/HEAD", id: ids.a },
  { name: "refs/remotes/origin/next", id: ids.b },
  { name: "refs/pull/1/head", id: ids.b },
];

for (const digits of [40, 64]) {
  test(`a full id names no ref, any other number of digits may (${digits} digits)`, (t) => {
    const id = "c".repeat(digits);
    for (const prefix of ["", "refs/", "refs/heads/", "refs/tags/"]) {
      const named = (name: string): Ref[] => [{ name: `${prefix}${name}`, id }];
      t.is(findRef(named(ids.a), ids.a)?.id, digits === 40 ? undefined : id, prefix);
      t.is(findRef(named(ids.a.toUpperCase()), ids.a.toUpperCase())?.id, digits === 40 ? undefined : id);
      t.is(findRef(named("a".repeat(64)), "a".repeat(64))?.id, digits === 64 ? undefined : id, prefix);
      t.is(findRef(named("a".repeat(39)), "a".repeat(39))?.id, id, prefix);
    }
    t.is(findRef([{ name: `refs/heads/${id}`, id }], `refs/heads/${id}`)?.id, id);
  });
}

test("names are found as git finds them", (t) => {
  for (const [revision, name] of [
    ["HEAD", "HEAD"],
    ["main", "refs/heads/main"],
    ["heads/main", "refs/heads/main"],
    ["refs/heads/main", "refs/heads/main"],
    ["feature/x", "refs/heads/feature/x"],
    ["v1", "refs/tags/v1"],
    ["tags/v1", "refs/tags/v1"],
    ["origin", "refs/remotes/origin/HEAD"],
    ["origin/next", "refs/remotes/origin/next"],
    ["pull/1/head", "refs/pull/1/head"],
    ["same", "refs/tags/same"],
    ["refs/heads/both", "refs/heads/both"],
    ["x", undefined],
    ["", undefined],
  ] as const) {
    t.is(findRef(refs, revision)?.name, name, revision);
  }
});

test("a name of a branch and a tag is refused, and the error names both", async (t) => {
  await failsWith(t, "REF_AMBIGUOUS", () => findRef(refs, "both"), /refs\/tags\/both or refs\/heads\/both/);
});

test("the error for a missing name lists the names that exist", (t) => {
  t.regex(
    refNotFound(refs, "nope", "x").message,
    /^x has no .* nope; it has the branches main, feature\/x, .* tags same/,
  );
  const many = Array.from({ length: 30 }, (_, i) => ({ name: `refs/heads/b${i}`, id: ids.a }));
  t.regex(refNotFound(many, "nope", "x").message, /b7, \.\.\. \(30\)$/);
  t.is(noHead([], "x").code, "EMPTY_REPOSITORY");
  t.regex(noHead(many, "x").message, /choose one with -b; it has the branches b0/);
});

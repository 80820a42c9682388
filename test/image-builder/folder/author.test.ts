import test from "ava";
import { parseAuthor } from "../../../image-builder/folder/author.ts";
import { failsWith } from "../failure.ts";

test("an author is parsed as Name <email>", (t) => {
  for (const [text, name, email] of [
    ["Ada Lovelace <ada@example.org>", "Ada Lovelace", "ada@example.org"],
    ["  Ada  < ada@example.org > ", "Ada", "ada@example.org"],
    ["Ada<>", "Ada", ""],
    ['Å "the" D\\a <å@b>', 'Å "the" D\\a', "å@b"],
  ] as const) {
    t.deepEqual(parseAuthor(text), { name, email });
  }
});

test("an author that breaks the commit is refused", async (t) => {
  for (const text of [
    "",
    "Ada",
    "<a@b>",
    "Ada <a@b",
    "Ada a@b>",
    "Ada <a@b> x",
    "A\nb <a@b>",
    "A <a\nb>",
    "A <<b>>",
    "A\0 <b>",
  ]) {
    await failsWith(t, "BAD_AUTHOR", () => parseAuthor(text), /^bad author/);
  }
});

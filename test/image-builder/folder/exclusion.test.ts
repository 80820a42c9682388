import test from "ava";
import { exclusion } from "../../../image-builder/folder/exclusion.ts";
import { failsWith } from "../failure.ts";

test("patterns match by name or by path", (t) => {
  for (const [pattern, paths, others] of [
    ["*.o", ["a.o", "b/c.o", ".o"], ["a.oo", "o", "a.o/b"]],
    ["node_modules", ["node_modules", "a/node_modules"], ["node_modules2", "a/node_modules/b"]],
    ["node_modules/", ["node_modules", "a/node_modules"], ["my-node_modules"]],
    ["/build", ["build"], ["a/build"]],
    ["a/*.txt", ["a/b.txt"], ["a/b/c.txt", "b/a/c.txt"]],
    ["a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["z", "b/a/z"]],
    ["a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]],
    ["?.(x)[1]", ["a.(x)[1]", "\u{1f600}.(x)[1]"], ["aa.(x)[1]", "aXx1"]],
    ["line\n*", ["line\nbreak"], ["line"]],
  ] as const) {
    const excluded = exclusion([pattern]);
    for (const path of paths) t.true(excluded(path), `${pattern} ${path}`);
    for (const path of others) t.false(excluded(path), `${pattern} ${path}`);
  }
  t.false(exclusion([])("a"));
  t.true(exclusion(["b", "a"])("a"));
});

test("an empty pattern is refused", async (t) => {
  for (const pattern of ["", "/", "./", "//"]) await failsWith(t, "BAD_PATTERN", () => exclusion([pattern]));
});

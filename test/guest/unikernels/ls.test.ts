import test from "ava";
import fc from "fast-check";
import { ls } from "../../../guest/unikernels/ls.ts";
import { generatedTree, writeGenerated } from "../../reader/generated-tree.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import { imageOfTree, treeOf, whole } from "../../reader/pack-fixture.ts";
import { Repository } from "../../reader/repository.ts";
import { withLayout } from "../../reader/with-layout.ts";
import { run } from "./context.ts";

/** Lines of `git ls-tree -z`, as ls ends them. */
const lines = (records: Buffer) => Buffer.from(records.toString("latin1").replaceAll("\0", "\n"), "latin1");

test("ls says what git ls-tree says", async (t) => {
  const property = fc.asyncProperty(generatedTree, async (entries) => {
    using repository = new Repository();
    const commit = writeGenerated(repository, entries);
    const plain = assembleImage({ commit, ...repository.pack(commit) });
    // Where there are no paths, there is no layout.
    const images = entries.length === 0 ? [plain] : [plain, withLayout(plain).image];
    for (const [args, options] of [
      [[], ["--name-only"]],
      [["-l"], ["-l"]],
      [["-R"], ["-r", "-t", "--name-only"]],
      [["-lR"], ["-r", "-t", "-l"]],
      [
        ["-l", "-R", "/"],
        ["-r", "-t", "-l"],
      ],
    ] as const) {
      const expected = lines(repository.git(["ls-tree", "-z", ...options, commit]));
      for (const image of images) {
        const { status, output, errors } = await run(ls, image, args);
        if (status !== 0 || errors.length > 0 || !output.equals(expected)) {
          throw new Error(`ls ${args.join(" ")}:\n${output}\ninstead of\n${expected}`);
        }
      }
    }
  });
  await t.notThrowsAsync(
    fc.assert(property, { numRuns: 15, endOnFailure: true, includeErrorInReport: true }),
  );
});

test("ls of folders, files, links and nothing", async (t) => {
  using repository = new Repository();
  const entries = [
    { path: "folder/inner/file", mode: "100644", content: Buffer.from("12345") },
    { path: "folder/other", mode: "100755", content: Buffer.from("1") },
    { path: "file", mode: "100644", content: Buffer.from("123") },
    { path: "link", mode: "120000", content: Buffer.from("folder") },
    { path: "module", mode: "160000", content: Buffer.of() },
  ] as const;
  const commit = writeGenerated(repository, entries);
  const image = assembleImage({ commit, ...repository.pack(commit) });
  const names = async (...args: string[]) => (await run(ls, image, args)).output.toString();
  t.is(await names("folder"), "inner\nother\n");
  t.is(await names("link"), "inner\nother\n");
  t.is(await names("-R", "link"), "inner\ninner/file\nother\n");
  t.is(await names("file"), "file\n");
  t.is(await names("/file", "./folder/other"), "/file\n./folder/other\n");
  t.is(await names("module"), "");
  t.regex(await names("-l", "file"), /^100644 blob [0-9a-f]{40} {7}3\tfile\n$/);
  const { status, output, errors } = await run(ls, image, ["nope", "folder", "file/", "file/x"]);
  t.is(status, 1);
  t.is(output.toString(), "inner\nother\n");
  t.deepEqual(errors, ["ls: nope: not found", "ls: file/: not a directory", "ls: file/x: not a directory"]);
});

test("a folder of many entries is listed in few pieces, and one that is met again with the same details", async (t) => {
  const leaf = whole("blob", "leaf\n");
  const inner = treeOf({ x: leaf.id, y: leaf.id });
  const many = treeOf(
    Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`d${10_000 + i}`, inner.id])),
    "40000",
  );
  const { output, status, writes } = await run(ls, imageOfTree(many, [leaf, inner]), ["-lR"]);
  t.is(status, 0);
  t.true(writes <= Math.ceil(output.length / 65_000), `${writes} writes`);
  const lines = output.toString().split("\n");
  t.is(lines.length, 9001);
  t.is(lines[0], `040000 tree ${inner.id}       -\td10000`);
  t.is(lines.at(-2), `100644 blob ${leaf.id}       5\td12999/y`);
});

test("on a terminal ls escapes what could control it, and no other name", async (t) => {
  const leaf = whole("blob", "leaf\n");
  for (const [name, shown] of [
    ["a b~!", "a b~!"],
    ["naïve", "naïve"],
    ["a\tb", "a\\u0009b"],
    ["a\x1b[31mred", "a\\u001b[31mred"],
    ["del\x7f", "del\\u007f"],
    ["new\nline", "new\\u000aline"],
    ["\u202eright", "\\u202eright"],
    ["c1\u0085", "c1\\u0085"],
  ] as const) {
    const image = imageOfTree(treeOf({ [name]: leaf.id }), [leaf]);
    for (const details of ["", `100644 blob ${leaf.id}       5\t`]) {
      const args = details === "" ? [] : ["-l"];
      t.is((await run(ls, image, args, [], true)).output.toString(), `${details}${shown}\n`);
      t.is((await run(ls, image, args)).output.toString(), `${details}${name}\n`);
    }
  }
});

for (const args of [["-x"], ["--long"], ["-lx"]]) {
  test(`ls ${args} writes its usage`, async (t) => {
    const { status, errors } = await run(ls, Buffer.of(), args);
    t.is(status, 2);
    t.regex(errors.join("\n"), /^ls: -[-a-z]+: invalid argument; usage: ls [^\n]+$/);
  });
}

import test from "ava";
import { stat } from "../../../guest/unikernels/stat.ts";
import { writeGenerated } from "../../reader/generated-tree.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import { Repository } from "../../reader/repository.ts";
import { run } from "./context.ts";

const repository = new Repository();
test.after.always(() => repository[Symbol.dispose]());
const commit = writeGenerated(repository, [
  { path: "folder/run", mode: "100755", content: Buffer.from("#!/bin/sh\n") },
  { path: "file", mode: "100644", content: Buffer.from("123") },
  { path: "link", mode: "120000", content: Buffer.from("folder") },
  { path: "module", mode: "160000", content: Buffer.of() },
]);
const image = assembleImage({ commit, ...repository.pack(commit) });
const id = (path: string) =>
  repository
    .git(["rev-parse", `${commit}:${path}`])
    .toString()
    .trim();
const modified = "modified: 2020-10-10T08:00:00.000Z";

for (const [path, expected] of [
  [
    "file",
    ["path\t: /file", "type\t: file", "mode\t: 100644", "size\t: 3", `object\t: ${id("file")}`, modified],
  ],
  [
    "link/run",
    [
      "path\t: /folder/run",
      "type\t: executable file",
      "mode\t: 100755",
      "size\t: 10",
      `object\t: ${id("folder/run")}`,
      modified,
    ],
  ],
  [
    "folder",
    ["path\t: /folder", "type\t: directory", "mode\t: 040000", `object\t: ${id("folder")}`, modified],
  ],
  ["/", ["path\t: /", "type\t: directory", "mode\t: 040000", `object\t: ${id("")}`, modified]],
  [
    "module",
    ["path\t: /module", "type\t: submodule", "mode\t: 160000", `object\t: ${"5".repeat(40)}`, modified],
  ],
  [
    "link",
    [
      "path\t: /link",
      "type\t: symbolic link",
      "mode\t: 120000",
      "size\t: 6",
      `object\t: ${id("link")}`,
      modified,
      "target\t: folder",
    ],
  ],
] as const) {
  test(`stat ${path}`, async (t) => {
    const { status, output, errors } = await run(stat, image, [path]);
    t.is(status, 0);
    t.is(output.toString(), expected.map((line) => `${line}\n`).join(""));
    t.deepEqual(errors, []);
  });
}

test("stat goes on after a path that is not there", async (t) => {
  const { status, output, errors } = await run(stat, image, ["nope", "file", "file/"]);
  t.is(status, 1);
  t.regex(output.toString(), /^path\t: \/file\n/);
  t.deepEqual(errors, ["stat: nope: not found", "stat: file/: not a directory"]);
});

for (const args of [[], ["-x", "file"]]) {
  test(`stat ${JSON.stringify(args)} writes its usage`, async (t) => {
    const { status, errors } = await run(stat, image, args);
    t.is(status, 2);
    t.regex(errors.join("\n"), /usage: stat PATH\.\.\.$/);
  });
}

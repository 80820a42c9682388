import { randomBytes } from "node:crypto";
import test from "ava";
import { cat } from "../../../guest/unikernels/cat.ts";
import { unikernels } from "../../../guest/unikernels/index.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import { imageOfTree, makeImage, whole } from "../../reader/pack-fixture.ts";
import { encodeTree } from "../../reader/repository.ts";
import { run } from "./context.ts";

const BINARY = whole("blob", randomBytes(3_000_000));
const TEXT = whole("blob", "text without a newline at its end");
const EMPTY = whole("blob", "");
const LINK = whole("blob", "text");
const LOOP = whole("blob", "loop");
const FOLDER = whole(
  "tree",
  encodeTree([{ mode: "100644", name: Buffer.from("inn\xffer", "latin1"), id: TEXT.id }]),
);
const ROOT = whole(
  "tree",
  encodeTree([
    { mode: "100755", name: "binary", id: BINARY.id },
    { mode: "100644", name: "empty", id: EMPTY.id },
    { mode: "40000", name: "folder", id: FOLDER.id },
    { mode: "120000", name: "link", id: LINK.id },
    { mode: "120000", name: "loop", id: LOOP.id },
    { mode: "100644", name: "text", id: TEXT.id },
  ]),
);
const IMAGE = imageOfTree(ROOT, [BINARY, TEXT, EMPTY, LINK, LOOP, FOLDER]);
const bytes = (...entries: { data: Uint8Array }[]) => Buffer.concat(entries.map(({ data }) => data));

test("files are written byte for byte, one after the other", async (t) => {
  const { status, output, errors } = await run(cat, IMAGE, ["binary", "/text", "empty", "./folder/../link"]);
  t.is(status, 0);
  t.true(output.equals(bytes(BINARY, TEXT, TEXT)));
  t.deepEqual(errors, []);
});

test("each file that cannot be read gets one line, and the others are written", async (t) => {
  const { status, output, errors } = await run(cat, IMAGE, [
    "nope",
    "folder",
    "text",
    "text/x",
    "loop",
    "a\nb",
    "text",
  ]);
  t.is(status, 1);
  t.true(output.equals(bytes(TEXT, TEXT)));
  t.deepEqual(errors, [
    "cat: nope: not found",
    "cat: folder: is a directory",
    "cat: text/x: not a directory",
    "cat: loop: too many symbolic links",
    "cat: a\\u000ab: not found",
  ]);
});

test("paths may come from standard input, in any pieces, with or without a newline at the end", async (t) => {
  for (const input of [["text\nempty\n\nbinary\ntext"], ["te", "xt\nempt", "y\n\nbin", "ary\n", "text\n"]]) {
    const { status, output, errors } = await run(cat, IMAGE, ["--files-from", "-"], input);
    t.is(status, 0);
    t.true(output.equals(bytes(TEXT, BINARY, TEXT)));
    t.deepEqual(errors, []);
  }
});

test("paths from standard input need not be UTF-8", async (t) => {
  const { status, output } = await run(
    cat,
    IMAGE,
    ["--files-from=-"],
    [Buffer.from("folder/inn\xffer\n", "latin1")],
  );
  t.is(status, 0);
  t.true(output.equals(bytes(TEXT)));
});

test("each path of standard input that cannot be read gets one line, and the others are written", async (t) => {
  const { status, output, errors } = await run(
    cat,
    IMAGE,
    ["--files-from", "-"],
    ["nope\ntext\nfolder\ntext\n"],
  );
  t.is(status, 1);
  t.true(output.equals(bytes(TEXT, TEXT)));
  t.deepEqual(errors, ["cat: nope: not found", "cat: folder: is a directory"]);
});

test("what a piece of standard input names is written before the next piece is asked for", async (t) => {
  const seen: string[] = [];
  const { status } = await run(cat, IMAGE, ["--files-from", "-"], async function* (written) {
    for (const piece of ["text\nte", "xt\nempty\n", "nope\n"]) {
      yield Buffer.from(piece);
      seen.push(written().toString());
    }
  });
  t.is(status, 1);
  const text = bytes(TEXT).toString();
  t.deepEqual(seen, [text, text + text, text + text]);
});

test("many small files are written at once, and before a failure that ends the program", async (t) => {
  const leaves = Array.from({ length: 2000 }, (_, i) => whole("blob", `${i}\n`));
  const image = makeImage(Object.fromEntries(leaves.map((leaf, i) => [`f${10_000 + i}`, leaf])));
  const paths = leaves.map((_, i) => `f${10_000 + i}`);
  for (const { output, writes } of [
    await run(cat, image, paths),
    await run(cat, image, ["--files-from", "-"], [`${paths.join("\n")}\n`]),
  ]) {
    t.true(output.equals(bytes(...leaves)));
    t.is(writes, 1);
  }
  const damaged = makeImage({ a: { ...TEXT, stream: Buffer.alloc(30, 1) }, b: BINARY });
  let written: () => Buffer = () => Buffer.of();
  const failing = run(cat, damaged, ["--files-from", "-"], async function* (soFar) {
    written = soFar;
    yield Buffer.from("b\nb\na\n");
  });
  await t.throwsAsync(failing, { instanceOf: InvalidImageError });
  t.true(written().equals(bytes(BINARY, BINARY)));
});

test("an empty standard input is no error", async (t) => {
  t.is((await run(cat, IMAGE, ["--files-from", "-"], [])).status, 0);
});

test("without a layout in the image, cat reads a few files by the light one, many by the fast one", async (t) => {
  t.is((await run(cat, IMAGE, ["text"])).connections[0]?.fallback, "light");
  const many = await run(cat, IMAGE, new Array(200_000).fill("empty"));
  t.is(many.status, 0);
  t.is(many.connections[0]?.fallback, "fast");
});

for (const args of [
  [],
  ["-x", "text"],
  ["--files-from"],
  ["--files-from", "-", "text"],
  ["--files-from", "list"],
  ["--what\n"],
]) {
  test(`cat ${JSON.stringify(args)} writes its usage`, async (t) => {
    const { status, output, errors } = await run(cat, IMAGE, args);
    t.is(status, 2);
    t.is(output.length, 0);
    t.is(errors.length, 1);
    t.regex(errors[0] ?? "", /usage: cat PATH/);
  });
}

test("a dash by itself, or after --, is a path", async (t) => {
  t.deepEqual((await run(cat, IMAGE, ["-"])).errors, ["cat: -: not found"]);
  t.deepEqual((await run(cat, IMAGE, ["--", "-x"])).errors, ["cat: -x: not found"]);
});

test("a damaged image ends the program", async (t) => {
  const damaged = makeImage({ a: { ...TEXT, stream: Buffer.alloc(30, 1) }, b: EMPTY });
  await t.throwsAsync(run(cat, damaged, ["a", "b"]), { instanceOf: InvalidImageError });
  await t.throwsAsync(run(cat, damaged, ["--files-from", "-"], ["b\na\n"]), {
    instanceOf: InvalidImageError,
  });
});

test("the programs have the names that they are called by", (t) => {
  t.true(["cat", "ls", "stat"].every((name) => Object.hasOwn(unikernels, name)));
});

test("a large file is written in pieces, alone or among others", async (t) => {
  // Larger than what is read ahead with others.
  const large = whole("blob", Buffer.alloc(26_000_000, "large "));
  const image = makeImage({ large, text: TEXT });
  const expected = bytes(large, TEXT);
  for (const { status, output, errors } of [
    await run(cat, image, ["large", "text"]),
    await run(cat, image, ["--files-from", "-"], ["large\ntext\n"]),
  ]) {
    t.is(status, 0);
    t.true(output.equals(expected));
    t.deepEqual(errors, []);
  }
});

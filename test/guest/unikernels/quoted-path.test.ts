import test from "ava";
import fc from "fast-check";
import { cat } from "../../../guest/unikernels/cat.ts";
import { unquotePath } from "../../../guest/unikernels/quoted-path.ts";
import { imageOfTree, whole } from "../../reader/pack-fixture.ts";
import { encodeTree, Repository } from "../../reader/repository.ts";
import { run } from "./context.ts";

const name = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
    fc.string({ minLength: 1, unit: "binary" }).map(Buffer.from),
  )
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x22 : byte))))
  .filter((bytes) => !/^(\.|\.\.|\.git)$/i.test(bytes.toString("latin1")));

test("every path that git lists is read back, quoted or not", (t) => {
  using repository = new Repository();
  const blob = repository.write("blob", "");
  const property = fc.property(
    fc.uniqueArray(name, { selector: String, minLength: 1 }),
    fc.boolean(),
    (names, quote) => {
      const sorted = names.toSorted(Buffer.compare);
      const tree = repository.write(
        "tree",
        encodeTree(sorted.map((each) => ({ mode: "100644", name: each, id: blob }))),
      );
      const list = ["-c", `core.quotePath=${quote}`, "ls-tree", "--name-only", tree];
      const lines = repository.git(list).toString("latin1").split("\n").slice(0, -1);
      const read = lines.map((line) => Buffer.from(unquotePath(Buffer.from(line, "latin1"))));
      t.deepEqual(read, sorted);
    },
  );
  fc.assert(property, { numRuns: 40 });
});

test("a path that only looks quoted is used as it is", (t) => {
  for (const line of ['"', '"a', 'a"', '"a"b"', '"a\\"', '"\\x"', '"\\400"', '"\\12"', "a\\n", "\\"]) {
    t.is(Buffer.from(unquotePath(Buffer.from(line))).toString(), line);
  }
  t.is(Buffer.from(unquotePath(Buffer.from('""'))).toString(), "");
  t.is(Buffer.from(unquotePath(Buffer.from('"\\"\\\\\\t\\303\\251"'))).toString(), '"\\\té');
});

const FILES = ["naïve.txt", "li\nne", '"quoted"', "plain"];
const blobs = FILES.map((file) => whole("blob", `content of ${file}`));
const sorted = FILES.map((file, i) => ({ mode: "100644", name: file, id: blobs[i]!.id })).toSorted((a, b) =>
  Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
);
const image = imageOfTree(whole("tree", encodeTree(sorted)), blobs);
const all = FILES.map((file) => `content of ${file}`).join("");

test("cat reads a list as git quotes it", async (t) => {
  const list = ['"na\\303\\257ve.txt"', '"li\\nne"', '"\\"quoted\\""', "plain", ""].join("\n");
  const { status, output } = await run(cat, image, ["--files-from", "-"], [list]);
  t.is(output.toString(), all);
  t.is(status, 0);
});

for (const args of [
  ["-z", "--files-from", "-"],
  ["--files-from=-", "--null"],
]) {
  test(`cat ${args.join(" ")} reads a list that nothing is quoted in`, async (t) => {
    const list = FILES.join("\0");
    for (const input of [[list], [`${list}\0`], [list.slice(0, 4), list.slice(4, 17), list.slice(17)]]) {
      const { status, output } = await run(cat, image, args, input);
      t.is(output.toString(), all);
      t.is(status, 0);
    }
  });
}

test("a list ended by NULs is nothing without --files-from", async (t) => {
  t.is((await run(cat, image, ["-z", "plain"])).status, 2);
});

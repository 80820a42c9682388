import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import test from "ava";
import { type RunOptions, runOnHost } from "../../vm/commands.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Collector, descendants, SMALL, SMALL_FILES } from "./fixture.ts";

async function run(options: Partial<RunOptions>) {
  const stdout = new Collector();
  const stderr = new Collector();
  const status = await runOnHost({ image: SMALL, program: "cat", args: [], stdout, stderr, ...options });
  return { status, stdout: stdout.bytes, stderr: stderr.text };
}

test.serial("the same bundle reads the same bytes on the host", async (t) => {
  const { status, stdout, stderr } = await run({ args: ["/nope", ...SMALL_FILES.keys()] });
  t.deepEqual(stdout, Buffer.concat([...SMALL_FILES.values()]));
  t.regex(stderr, /^cat: \/nope: [^\n]+\n$/);
  t.is(status, 1);
  t.deepEqual(descendants(process.pid), []);
});

test.serial("either layout reads the same bytes, of paths from standard input too", async (t) => {
  for (const layout of ["light", "fast"]) {
    const stdin = Readable.from([...SMALL_FILES.keys()].map((path) => `${path}\n`));
    const { status, stdout } = await run({ args: ["--files-from", "-"], stdin, layout });
    t.deepEqual(stdout, Buffer.concat([...SMALL_FILES.values()]), layout);
    t.is(status, 0);
  }
});

test.serial("an input that the program does not read is not read", async (t) => {
  const stdin = new Readable({ read: () => t.fail("it was read") });
  t.is((await run({ args: ["/README.md"], stdin })).status, 0);
  t.false(stdin.destroyed);
});

test.serial("an image of another commit than the pinned one is refused", async (t) => {
  const right = "0be1d553b75091d98bcee236313bfee577d9eadc";
  t.is((await run({ args: ["/README.md"], commit: right })).status, 0);
  const wrong = await run({ args: ["/README.md"], commit: right.replace("0", "1") });
  t.is(wrong.status, 1);
  t.is(wrong.stdout.length, 0);
  t.regex(wrong.stderr, /^cat: [^\n]*it is of commit 0be1d5[^\n]*\n$/);
});

test.serial("an image whose IDX is damaged is read with analyze", async (t) => {
  const bytes = readFileSync(SMALL);
  // Past the fan-out lie the ids.
  bytes.fill(
    0xff,
    Number(bytes.readBigUInt64LE(20)) + 8 + 1024,
    Number(bytes.readBigUInt64LE(20)) + 8 + 1024 + 200,
  );
  const image = join(temporaryFolder(t), "damaged.img");
  writeFileSync(image, bytes);
  t.is((await run({ image, args: ["/README.md"] })).status, 1);
  const analyzed = await run({ image, args: ["/README.md"], analyze: true });
  t.is(analyzed.status, 0, analyzed.stderr);
  t.deepEqual(analyzed.stdout, SMALL_FILES.get("/README.md"));
});

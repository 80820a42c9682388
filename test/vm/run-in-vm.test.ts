import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import test from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { type RunOptions, runInVm, runOnHost } from "../../vm/commands.ts";
import { withoutFirstRunNotes } from "../first-run.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Collector, SMALL, SMALL_FILES } from "./fixture.ts";

async function run(options: Partial<RunOptions>) {
  const stdout = new Collector();
  const stderr = new Collector();
  const status = await runInVm({
    ...{ image: SMALL, program: "cat", args: [], stdout, stderr, bootTimeout: 600 },
    ...options,
  });
  return { status, stdout: stdout.bytes, stderr: withoutFirstRunNotes(stderr.text) };
}

test("every file arrives byte for byte, apart from the errors, from an image with any path", async (t) => {
  const image = join(temporaryFolder(t), `a, b:c=d 'e".img`);
  copyFileSync(SMALL, image);
  const paths = [...SMALL_FILES.keys()];
  t.true(paths.length > 5);
  const { status, stdout, stderr } = await run({ image, args: ["/nope", ...paths, "/a"] });
  t.deepEqual(stdout, Buffer.concat([...SMALL_FILES.values()]));
  t.regex(stderr, /^cat: \/nope: [^\n]+\ncat: \/a: [^\n]+\n$/);
  t.is(status, 1);
});

test("ls and stat write in the machine what they write on the host", async (t) => {
  for (const [program, args] of [
    ["ls", ["-l", "-R", "/", "/nope"]],
    ["stat", ["/README.md", "/nope", "/a"]],
  ] as const) {
    const stdout = new Collector();
    const stderr = new Collector();
    const status = await runOnHost({ image: SMALL, program, args, stdout, stderr });
    t.is(status, 1);
    t.deepEqual(await run({ program, args }), { status, stdout: stdout.bytes, stderr: stderr.text });
  }
});

test("several machines at once read paths from standard input", async (t) => {
  const runs = [...SMALL_FILES].slice(0, 3).map(async ([path, content]) => {
    const stdin = Readable.from([Buffer.from(path.slice(0, 3)), Buffer.from(`${path.slice(3)}\n`)]);
    t.deepEqual(await run({ args: ["--files-from", "-"], stdin }), {
      status: 0,
      stdout: content,
      stderr: "",
    });
  });
  await Promise.all(runs);
});

test("a slow reader gets 30 MB intact", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "big"));
  const content = randomBytes(30_000_000);
  writeFileSync(join(folder, "big", "file"), content);
  const image = join(folder, "big.img");
  await makeImage({ repository: join(folder, "big"), image });
  const hash = createHash("sha256");
  let length = 0;
  const stdout = new Writable({
    highWaterMark: 1,
    write(piece: Buffer, _, done) {
      hash.update(piece);
      length += piece.length;
      setTimeout(done, 2);
    },
  });
  const { status, stderr } = await run({ image, args: ["/file"], stdout });
  t.is(stderr, "");
  t.is(status, 0);
  t.is(length, content.length);
  t.is(hash.digest("hex"), createHash("sha256").update(content).digest("hex"));
});

test("a program that does not exist has the shell's status for that", async (t) => {
  const { status, stdout, stderr } = await run({ program: "no such" });
  t.is(status, 127);
  t.is(stdout.length, 0);
  t.regex(stderr, /^docteur: no program is named no such; there are cat, [^\n]+\n$/);
});

test("a closed output ends the machine", async (t) => {
  const stdout = new Collector();
  stdout.destroy();
  t.is((await run({ args: ["/README.md"], stdout })).status, 141);
});

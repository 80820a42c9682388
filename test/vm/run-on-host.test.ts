import { Readable } from "node:stream";
import test from "ava";
import { type RunOptions, runOnHost } from "../../vm/index.ts";
import { Collector, descendants, SMALL, SMALL_FILES } from "./fixture.ts";

async function run(options: Partial<RunOptions>) {
  const stdout = new Collector();
  const stderr = new Collector();
  const status = await runOnHost({ image: SMALL, program: "cat", args: [], stdout, stderr, ...options });
  return { status, stdout: stdout.bytes, stderr: stderr.text };
}

test.serial("the same bundle gives the same bytes on the host", async (t) => {
  const { status, stdout, stderr } = await run({ args: ["/nope", ...SMALL_FILES.keys()] });
  t.deepEqual(stdout, Buffer.concat([...SMALL_FILES.values()]));
  t.regex(stderr, /^cat: \/nope: [^\n]+\n$/);
  t.is(status, 1);
  t.deepEqual(descendants(process.pid), []);
});

test.serial("either layout gives the same, paths by standard input too", async (t) => {
  for (const layout of ["light", "fast"]) {
    const stdin = Readable.from([...SMALL_FILES.keys()].map((path) => `${path}\n`));
    const { status, stdout } = await run({ args: ["--files-from", "-"], stdin, layout });
    t.deepEqual(stdout, Buffer.concat([...SMALL_FILES.values()]), layout);
    t.is(status, 0);
  }
});

test.serial("an input that the program does not want is left alone", async (t) => {
  const stdin = new Readable({ read: () => t.fail("it was read") });
  t.is((await run({ args: ["/README.md"], stdin })).status, 0);
  t.false(stdin.destroyed);
});

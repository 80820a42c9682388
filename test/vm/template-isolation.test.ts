import { readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import type { RunOptions } from "../../vm/commands.ts";
import { findQemu } from "../../vm/qemu/qemu.ts";
import { descendants, SMALL, SMALL_FILES } from "./fixture.ts";
import { named, runNoting, useOwnTemplates } from "./template-sandbox.ts";

const { cache, bundle } = useOwnTemplates(test);

const run = (options: Partial<RunOptions>) => runNoting({ bundle, ...options });

const readme = SMALL_FILES.get("/README.md")!;

test.serial("a template contains nothing of an image or of the arguments of a run", async (t) => {
  // The run that leaves the template, and one that starts from it.
  for (let time = 0; time < 2; time++) t.deepEqual((await run({})).stdout, readme);
  const { status, errors } = await run({ args: ["/no-such-file-of-mine"] });
  t.is(status, 1);
  t.regex(errors, /no-such-file-of-mine/);

  const [template, ...more] = await named(cache, "template-");
  t.deepEqual(more, []);
  const memory = readFileSync(join(cache, template!, "memory"));
  t.true(memory.includes("/dev/vdb"), "what the guest knows is there to be found");
  t.false(memory.includes(readme), "a content, as a program has it");
  t.false(memory.includes(readFileSync(SMALL).subarray(0, 512)), "a sector, as the page cache has it");
  t.false(memory.includes("no-such-file-of-mine"), "an argument");
});

test.serial("a QEMU that hangs in a restore is killed, and the machine boots", async (t) => {
  const folder = join(cache, "path");
  const fake = join(folder, "qemu-system-x86_64");
  await mkdir(folder);
  await writeFile(
    fake,
    `#!/bin/sh\nfor word; do [ "$word" = -incoming ] && exec sleep 1000; done\nexec '${findQemu()}' "$@"\n`,
  );
  await chmod(fake, 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${folder}:${before}`;
  t.teardown(() => {
    process.env.PATH = before;
  });
  const first = await run({});
  t.deepEqual([first.status, first.stdout], [0, readme]);
  t.regex(
    first.notes.at(-1)!,
    /no template: the template's machine was not ready after 20 seconds.*; booting/,
  );
  t.deepEqual(descendants(process.pid), []);
  t.deepEqual(await named(cache, "tmp-"), []);
  // It is not tried again each time.
  const second = await run({});
  t.deepEqual([second.status, second.stdout], [0, readme]);
  t.regex(second.notes.at(-1)!, /no template could be taken lately/);
});

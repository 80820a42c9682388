import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import test from "ava";
import { precompiled, START_PATH, V8_FLAGS } from "../../../vm/artifacts/precompiled.ts";
import { pinnedNode } from "../../../vm/package-root.ts";
import { runTool } from "../../../vm/tools.ts";

const PROGRAM = `
function later() { return "it runs"; }
console.log(later(), typeof require("node:fs").readFileSync, require("node:path").basename(__filename));
import("node:os").then(({ EOL }) => console.log(JSON.stringify(EOL)));
`;

/** Tells whether V8 took the code that it was given. */
const SPY = `
const vm = require("node:vm");
vm.Script = class extends vm.Script {
  constructor(...given) {
    super(...given);
    console.log("rejected:", this.cachedDataRejected);
  }
};
`;

const folder = await mkdtemp(join(tmpdir(), "docteur-test-"));
test.after.always(() => rm(folder, { recursive: true, force: true }));

/**
 * Lays the files of an initramfs out in the folder, starts them as the machine does and gives what was
 * printed.
 */
async function start(damage: (file: string, data: Uint8Array) => Uint8Array): Promise<string[]> {
  const bundle = join(folder, "bundle.cjs");
  const spy = join(folder, "spy.cjs");
  await writeFile(bundle, PROGRAM);
  await writeFile(spy, SPY);
  for (const { path, data } of await precompiled(bundle, Buffer.from(PROGRAM))) {
    const file = basename(path);
    const text = path === START_PATH.slice(1) ? String(data).replaceAll("/guest/", `${folder}/`) : data;
    await writeFile(join(folder, file), damage(file, Buffer.from(text)));
  }
  const main = join(folder, basename(START_PATH));
  // The machine's own flags, and one that differs with its memory.
  const args = [...V8_FLAGS, "--max-old-space-size=100", "-r", spy, main];
  return (await runTool(pinnedNode(), args)).trim().split("\n");
}

test.serial("V8 accepts its compiled code under the flags of a machine", async (t) => {
  t.deepEqual(await start((_, data) => data), [
    "rejected: false",
    `it runs function ${basename(START_PATH)}`,
    '"\\n"',
  ]);
});

test.serial("a program whose compiled code V8 rejects runs all the same", async (t) => {
  t.deepEqual(await start((file, data) => (file === "code" ? data.map((byte) => byte ^ 0xff) : data)), [
    "rejected: true",
    `it runs function ${basename(START_PATH)}`,
    '"\\n"',
  ]);
});

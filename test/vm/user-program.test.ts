import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import test from "ava";
import { type RunOptions, runInVm } from "../../vm/commands.ts";
import { boot } from "../../vm/index.ts";
import { withoutFirstRunNotes } from "../first-run.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Collector, descendants, SMALL, SMALL_FILES } from "./fixture.ts";

async function run(options: Partial<RunOptions>) {
  const stdout = new Collector();
  const stderr = new Collector();
  const common = { image: SMALL, program: "cat", args: [] };
  const status = await runInVm({ ...common, stdout, stderr, ...options });
  return { status, stdout: stdout.text, stderr: withoutFirstRunNotes(stderr.text) };
}

const LOOK_AROUND = `
import { execPath } from "node:process";
import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { createHash } from "node:crypto";
import type { Unikernel } from "docteur/guest";
import { connect, openFileDevice } from "docteur/store";

export default (async ({ store, fs, connect: again, console, args, env, stdin, signal }) => {
  let input = 0;
  for await (const piece of stdin) input += piece.length;
  const own = connect(openFileDevice("/dev/vdb"));
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const path = args[0]!;
  const streamed: Buffer[] = [];
  for await (const piece of fs.createReadStream(path)) streamed.push(piece);
  const ways = [
    store.get(path), again({ layout: "fast" }).get(path), own.get(path), await fs.promises.readFile(path), Buffer.concat(streamed),
  ];
  console.write(JSON.stringify({
    ways: ways.map(digest), input, args, env, processEnv: process.env, aborted: signal.aborted, execPath,
    inMachine: existsSync("/proc/version") && !existsSync("/usr/bin"), process: process.pid,
    kernel: readFileSync("/proc/version", "utf8").startsWith("Linux"), network: Object.keys(networkInterfaces()),
  }));
  console.error("reported\\n");
  return 42;
}) satisfies Unikernel;
`;

test.serial("a program has in the machine what the docs promise", async (t) => {
  const program = join(temporaryFolder(t), "look around.ts");
  writeFileSync(program, LOOK_AROUND);
  const args = ["/binary.bin", "ü"];
  const env = { NAME: "välue", TZ: "UTC" };
  const stdin = Readable.from([Buffer.alloc(1_500_000), Buffer.alloc(1)]);
  const { status, stdout, stderr } = await run({ program, args, env, stdin });
  t.deepEqual([status, stderr], [42, "reported\n"]);
  const { ways, ...rest } = JSON.parse(stdout);
  const { createHash } = await import("node:crypto");
  const digest = createHash("sha256").update(SMALL_FILES.get("/binary.bin")!).digest("hex");
  t.deepEqual(ways, [digest, digest, digest, digest, digest]);
  t.deepEqual(rest, {
    input: 1_500_001,
    args,
    env,
    processEnv: env,
    aborted: false,
    execPath: "/bin/node",
    inMachine: true,
    process: 1,
    kernel: true,
    network: ["lo"],
  });
});

test.serial("a changed program costs no boot", async (t) => {
  const program = join(temporaryFolder(t), "program.mjs");
  for (const version of ["first", "second"]) {
    writeFileSync(program, `export default ({ console }) => console.write("${version}");`);
    const { stdout, stderr } = await run({ program, verbose: true });
    t.is(stdout, version);
    t.true(stderr.includes("docteur: started from a template\n"), stderr);
  }
});

test.serial("a large program arrives complete, from the library too", async (t) => {
  const program = join(temporaryFolder(t), "large.mjs");
  const filler = "/* keep */".repeat(10);
  const text = `export const text = ${JSON.stringify(filler.repeat(30_000))};\nexport default ({ console }) => console.write(String(text.length));\n`;
  writeFileSync(program, text);
  const stdout = new Collector();
  await using vm = await boot({ image: SMALL });
  t.is(await vm.run(program, [], { stdout }), 0);
  t.is(stdout.text, String(filler.length * 30_000));
});

const HUNGRY = `
export default ({ args }) => {
  const kept = [];
  if (args[0] === "objects") for (;;) kept.push(new Array(1_000_000).fill(kept));
  for (;;) kept.push(Buffer.alloc(1 << 20, 1));
};
`;

for (const kind of ["objects", "buffers"]) {
  test.serial(`a machine that is out of memory for ${kind} fails with OUT_OF_MEMORY`, async (t) => {
    const program = join(temporaryFolder(t), "hungry.mjs");
    writeFileSync(program, HUNGRY);
    await t.throwsAsync(run({ program, args: [kind], memory: 128, cold: true }), {
      code: "OUT_OF_MEMORY",
      message: "out of memory: the program needs more than the machine's 128 MiB; -m gives it more",
    });
    t.deepEqual(descendants(process.pid), []);
  });
}

test.serial("a program that cannot be run leaves no machine behind", async (t) => {
  const program = join(temporaryFolder(t), "broken.ts");
  writeFileSync(program, "export default () => {\n  const = 1;\n};\n");
  await t.throwsAsync(run({ program, cold: true }), { code: "PROGRAM_INVALID" });
  await t.throwsAsync(run({ program: `${program}.ts` }), { code: "PROGRAM_NOT_FOUND" });
  t.deepEqual(descendants(process.pid), []);
});

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { FIXTURES } from "../fixtures.ts";
import { refused } from "./docteur.ts";
import { signalled } from "./signalled.ts";
import { programFolder } from "./user-program.ts";

/** The line of `kinds.ts` in which its function `fail` throws, and the column. */
const FAIL = "kinds.ts:8:9";

test.serial(
  "an error that a program throws is printed with a stack in its sources, and status 1",
  async (t) => {
    const { run } = programFolder(t);
    for (const [kind, message, line] of [
      ["throw", "Error: it failed: at once", 15],
      ["reject", "Error: it failed: later", 18],
      ["timer", "Error: it failed: in a timer", 20],
    ] as const) {
      const { status, stdout, stderr } = await run(["./kinds.ts", kind]);
      t.true(stderr.startsWith(`${message}\n    at fail (${FAIL})\n`), stderr);
      t.regex(stderr, new RegExp(`^    at .*kinds\\.ts:${line}:\\d+\\)$`, "m"));
      t.notRegex(stderr, /program\.mjs|guest\.cjs/);
      t.deepEqual([status, stdout.toString()], [1, ""]);
    }
    const unhandled = await run(["./kinds.ts", "unhandled"]);
    t.regex(unhandled.stderr, /^TypeError: nobody awaits it\n {4}at .*kinds\.ts:23:\d+\)\n$/);
    t.is(unhandled.status, 1);
    const cause = await run(["./kinds.ts", "cause"]);
    t.regex(cause.stderr, /^Error: outer\n.*kinds\.ts:26.*\[cause\]: Error: inner\n.*kinds\.ts:26/s);
    t.is(cause.status, 1);
    const thing = await run(["./kinds.ts", "thing"]);
    t.deepEqual([thing.stderr, thing.status], ["./kinds.ts: thrown: { not: 'an error' }\n", 1]);
    const missing = await run(["./kinds.ts", "missing"]);
    t.is(missing.stdout.toString(), "true\n", "the class is the one that the program imports");
    t.regex(
      missing.stderr,
      /^NotFoundError: \/nope: not found\n {4}at .*kinds\.ts:38:\d+\) \{\n {2}code: 'NOT_FOUND'\n\}\n$/,
    );
    t.is(missing.status, 1);
    const handled = await run(["./kinds.ts", "own handler"]);
    t.deepEqual([handled.stdout.toString(), handled.status], ["handled: it failed: in a timer\n", 4]);
  },
);

test.serial("the status is what the program returns or exits with, after all that it wrote", async (t) => {
  const { run } = programFolder(t);
  for (const [kind, status] of [
    [["return"], 0],
    [["return", "0"], 0],
    [["return", "255"], 255],
    [["exitCode"], 9],
  ] as const) {
    t.deepEqual(await run(["./kinds.ts", ...kind]), {
      status,
      signal: undefined,
      stdout: Buffer.of(),
      stderr: "",
    });
  }
  for (const [given, status] of [
    [3, 3],
    [255, 255],
    [256, 0],
  ]) {
    const result = await run(["./kinds.ts", "exit", String(given)]);
    t.is(result.stdout.toString(), `${"x".repeat(3_000_000)}exit ${status}\n`);
    t.deepEqual([result.status, result.stderr], [status, ""]);
  }
  for (const wrong of ["256", "-1", "0.5"]) {
    const { status, stderr } = await run(["./kinds.ts", "return", wrong]);
    t.is(stderr, `./kinds.ts: an exit status is a whole number from 0 to 255, not ${wrong}\n`);
    t.is(status, 1);
  }
});

test.serial("a program finds the run's streams, arguments and environment around it", async (t) => {
  const { run } = programFolder(t);
  const given = ["-e", "A=b=c", "--env", "EMPTY=", "-e", "PASSED", "-e", "NOT_THERE", "-e", "A=last"];
  const { stdout, stderr, status } = await run(["kinds.ts", "surroundings", "-x"], given, {
    env: { PASSED: "on", SECRET: "kept" },
  });
  const [line, bytes] = [stdout.subarray(0, stdout.indexOf("\n")), stdout.subarray(stdout.indexOf("\n") + 1)];
  const env = { A: "last", EMPTY: "", PASSED: "on" };
  t.deepEqual(JSON.parse(line.toString()), {
    env,
    processEnv: env,
    argv: ["kinds.ts", "surroundings", "-x"],
    top: "awaited at the top",
  });
  t.deepEqual([...bytes], [0, 255, 10]);
  t.deepEqual([stderr, status], ["to standard error\n", 0]);
  const counted = await run(["./kinds.ts", "count"], [], { input: Buffer.alloc(2_500_000) });
  t.is(counted.stdout.toString(), "2500000\n", counted.stderr);
  t.is((await run(["./kinds.ts", "read two ways"])).stdout.toString(), "true\n");
  refused(t, await run(["./kinds.ts"], ["-e", "=x"]), 2, /--env takes NAME=VALUE or NAME/);
});

for (const [kind, signal, status, output] of [
  ["signal", "SIGTERM", 5, "up\nasked by SIGTERM\n"],
  ["signal", "SIGINT", 5, "up\nasked by SIGINT\n"],
  ["listener", "SIGTERM", 6, "up\n"],
  ["deaf", "SIGTERM", 143, "up\n"],
  ["busy", "SIGINT", 130, "up\n"],
] as const) {
  test.serial(`a program that is ${kind} to ${signal} ends with status ${status}`, async (t) => {
    const { folder } = programFolder(t);
    const args = ["run", "-t", "unix", join(FIXTURES, "small.img"), "./kinds.ts", kind];
    t.deepEqual(await signalled(args, signal, { cwd: folder }), { status, stdout: output, stderr: "" });
  });
}

test.serial(
  "a program with a type error does not run, and the error names file and line; with --no-check it runs",
  async (t) => {
    const { folder, run } = programFolder(t);
    const text = `import type { Unikernel } from "docteur/guest";

export default (({ console, store }) => {
  const size: string = store.size("/a.txt");
  console.write(\`\${size}\\n\`);
}) satisfies Unikernel;
`;
    writeFileSync(join(folder, "wrong.ts"), text);
    const wrong = await run(["./wrong.ts"]);
    t.deepEqual(wrong.stderr.split("\n"), [
      "wrong.ts:4:9: error TS2322: Type 'number' is not assignable to type 'string'.",
      "docteur: ./wrong.ts has 1 type error; --no-check runs it all the same",
      "",
    ]);
    t.deepEqual([wrong.status, wrong.stdout.toString()], [1, ""]);
    t.is((await run(["./wrong.ts"], ["--no-check"])).stdout.toString(), "25\n");
    writeFileSync(join(folder, "wrong.ts"), text.replace("size: string", "size: number"));
    for (const _ of ["checked", "cached"]) t.is((await run(["./wrong.ts"])).stdout.toString(), "25\n");
    writeFileSync(join(folder, "wrong.ts"), text);
    t.is((await run(["./wrong.ts"])).status, 1, "what was good before is checked again");
  },
);

test.serial("a file that is no program is refused in one line, soon", async (t) => {
  const { folder, run } = programFolder(t);
  mkdirSync(join(folder, "folder"));
  writeFileSync(join(folder, "nothing.ts"), "export const a = 1;\n");
  writeFileSync(join(folder, "broken.ts"), "export default () => {\n  const = 1;\n};\n");
  refused(t, await run(["./nope.ts"]), 1, /\.\/nope\.ts: no such file/);
  refused(
    t,
    await run(["./folder"]),
    1,
    /is a folder; name the file of the program, for instance folder\/main\.ts/,
  );
  refused(t, await run(["kinds"]), 2, /unknown program 'kinds'; .*, or a file of your own as \.\/kinds/);
  refused(t, await run(["./kinds.ts"], ["--print-command"]), 1, /no channel/);
  const nothing = await run(["./nothing.ts"]);
  t.deepEqual([nothing.status, nothing.stdout.toString()], [1, ""]);
  t.regex(nothing.stderr, /^\.\/nothing\.ts: exports no function as its default, [^\n]+\n$/);
  const broken = await run(["./broken.ts"]);
  t.is(
    broken.stderr,
    'broken.ts:2:9: Expected identifier but found "="\n' +
      "docteur: ./broken.ts cannot be run: 1 error in it or in what it imports\n",
  );
  t.is(broken.status, 1);
});

test.serial("in the virtual machine it is the same", async (t) => {
  const { run } = programFolder(t, "qemu");
  const thrown = await run(["./kinds.ts", "reject"]);
  t.true(thrown.stderr.startsWith(`Error: it failed: later\n    at fail (${FAIL})\n`), thrown.stderr);
  t.is(thrown.status, 1);
  const exited = await run(["./kinds.ts", "exit", "3"]);
  t.is(exited.stdout.toString(), `${"x".repeat(3_000_000)}exit 3\n`);
  t.deepEqual([exited.status, exited.stderr], [3, ""]);
});

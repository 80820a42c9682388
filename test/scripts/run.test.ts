import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { FIXTURES } from "../fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command, docteur, git, refused } from "./docteur.ts";
import { filesOf, sampleRepository } from "./sample-repository.ts";
import { signalled } from "./signalled.ts";

const small = join(FIXTURES, "small.img");

test("every file of a repository comes out as git has it", async (t) => {
  const folder = temporaryFolder(t);
  const { next } = await sampleRepository(folder);
  const image = join(folder, "an image.img");
  t.is((await docteur(["make", "-q", "-b", "next", folder, image])).status, 0);
  const paths = await filesOf(folder, next);
  t.true(paths.length > 10);
  for (const path of paths.filter((each) => each !== "/link")) {
    const { stdout, stderr, status } = await docteur(["run", "-t", "unix", image, "cat", path]);
    t.deepEqual(stdout, await git(folder, "cat-file", "blob", `${next}:${path.slice(1)}`), path);
    t.is(stderr, "");
    t.is(status, 0);
  }
  const listed = await docteur(["run", "-t", "unix", image, "ls", "-l", "-R"]);
  t.deepEqual(listed.stdout, await git(folder, "ls-tree", "-l", "-r", "-t", "-z", next).then(nulToNewline));
});

function nulToNewline(listing: Buffer): Buffer {
  return Buffer.from(listing.map((byte) => (byte === 0 ? 0x0a : byte)));
}

test("cat --files-from reads a file of this machine, or standard input", async (t) => {
  const folder = temporaryFolder(t);
  const list = join(folder, "a list");
  writeFileSync(list, "/README.md\n/a/b/c/deep.txt\n/with space.txt\n");
  const cat = (args: string[], input?: string) =>
    docteur(["run", "-t", "unix", small, "cat", ...args], input === undefined ? {} : { input });
  const expected = await cat(["/README.md", "/a/b/c/deep.txt", "/with space.txt"]);
  t.is(expected.status, 0, expected.stderr);
  t.deepEqual(await cat(["--files-from", list]), expected);
  t.deepEqual(await cat([`--files-from=${list}`]), expected);
  t.deepEqual(await cat(["--files-from", "-"], "/README.md\n/a/b/c/deep.txt\n/with space.txt\n"), expected);
  refused(t, await cat(["--files-from", join(folder, "missing")]), 1, /--files-from .*missing: no such file/);
  refused(t, await cat(["--files-from", folder]), 1, /is a directory/);
});

test("what the program refuses is the program's error and status", async (t) => {
  for (const [args, status, message] of [
    [["cat", "/nope"], 1, /nope/],
    [["cat", "/a"], 1, /directory/],
    [["cat"], 2, /usage: cat/],
    [["ls", "--wat"], 2, /usage: ls/],
    [["stat", "/nope"], 1, /nope/],
  ] as const) {
    const result = await docteur(["run", "-t", "unix", small, ...args]);
    t.is(result.stdout.toString(), "");
    t.regex(result.stderr, /^[^\n]+\n$/, "one line");
    t.regex(result.stderr, message);
    t.is(result.status, status);
  }
});

test("a file that is no image is refused in one line, soon", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "text.img"), "This is no image.\n".repeat(100));
  writeFileSync(join(folder, "empty.img"), "");
  mkdirSync(join(folder, "folder.img"));
  for (const target of ["unix", "qemu"]) {
    for (const name of ["missing.img", "text.img", "empty.img", "folder.img"]) {
      const result = await docteur(["run", "-t", target, name, "cat", "/x"], { cwd: folder });
      refused(t, result, 1, new RegExp(name.replace(".", "\\.")));
    }
  }
});

test("a reader that goes away ends the command quietly", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "source"));
  writeFileSync(join(folder, "source/big.bin"), randomBytes(8 * 1024 * 1024));
  const image = join(folder, "disk.img");
  t.is((await docteur(["make", "-q", join(folder, "source"), image])).status, 0);
  const script = `"$0" run -t unix "$1" cat /big.bin | head -c 10 | wc -c; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await command("bash", ["-c", script, join(CHECKOUT, "scripts/docteur"), image]);
  t.is(stdout.toString(), "10\n141\n");
  t.is(stderr, "");
});

test("--print-command prints one command line and boots nothing", async (t) => {
  const { stdout, stderr, status } = await docteur(["run", "--print-command", small, "cat", "/it's"]);
  t.is(status, 0, stderr);
  t.regex(stdout.toString(), /qemu-system-x86_64 /);
  t.true(stdout.toString().endsWith("\n"));
});

test("in the virtual machine: a file, byte for byte, and the program's status", async (t) => {
  const random = await docteur(["run", small, "cat", "/random.bin", "/nope"]);
  t.deepEqual(random.stdout, (await docteur(["run", "-t", "unix", small, "cat", "/random.bin"])).stdout);
  t.regex(random.stderr, /^cat: [^\n]*nope[^\n]*\n$/m);
  t.is(random.status, 1);
});

test("make run prints the file of the commit checked out, and nothing else", async (t) => {
  const image = join(temporaryFolder(t), "disk.img");
  const run = (file: string) =>
    command("make", ["--no-print-directory", "run", `IMAGE=${image}`, `FILE=${file}`], { cwd: CHECKOUT });
  const license = await run("/LICENSE");
  t.deepEqual(license.stdout, await git(CHECKOUT, "show", "HEAD:LICENSE"), license.stderr);
  t.is(license.status, 0);
  const missing = await run("/nope");
  t.deepEqual(
    [missing.stdout.toString(), missing.stderr, missing.status],
    ["", "cat: /nope: not found\n", 1],
  );
});

test("a signal ends the program and the command, with the signal's status", async (t) => {
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    // The program waits for paths that never come; its first file tells that it is up.
    const ended = await signalled(["run", "-t", "unix", small, "cat", "--files-from", "-"], signal, {
      input: "/README.md\n",
    });
    t.deepEqual([ended.status, ended.stderr], [status, ""]);
  }
});

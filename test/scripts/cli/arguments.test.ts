import test from "ava";
import fc from "fast-check";
import { type Invocation, parseArguments } from "../../../scripts/cli/arguments.ts";
import { nearest } from "../../../scripts/cli/nearest.ts";
import { run } from "../../../scripts/commands/run.ts";

const parse = (...args: string[]) => parseArguments(run, args) as Invocation;

test("options may stand before and between IMAGE and PROGRAM, in all their forms", (t) => {
  for (const args of [
    ["-t", "unix", "-v", "disk.img", "cat"],
    ["-tunix", "disk.img", "--verbose", "cat"],
    ["disk.img", "-v", "--target=unix", "cat"],
    ["-t", "qemu", "-vt", "unix", "--", "disk.img", "cat"],
  ]) {
    const invocation = parse(...args);
    t.deepEqual(invocation.operands, ["disk.img", "cat"]);
    t.is(invocation.text("target"), "unix");
    t.true(invocation.flag("verbose"));
    t.deepEqual(invocation.rest, []);
  }
});

test("all arguments after PROGRAM are the program's", (t) => {
  const word = fc.oneof(fc.string(), fc.constantFrom("--", "-", "--help", "-h", "-t", "--target=x", "cat"));
  fc.assert(
    fc.property(fc.array(word), (rest) => {
      t.deepEqual(parse("-v", "disk.img", "ls", ...rest).rest, rest);
      t.deepEqual(parse("--", "disk.img", "ls", ...rest).rest, rest);
    }),
  );
});

test("--help is the command's own only before PROGRAM", (t) => {
  t.is(parseArguments(run, ["--help"]), "help");
  t.is(parseArguments(run, ["disk.img", "-h"]), "help");
  t.not(parseArguments(run, ["disk.img", "cat", "--help"]), "help");
});

test("an integer is decimal digits within its range", (t) => {
  const range = { minimum: 64, maximum: 100 };
  for (const good of ["64", "100", "0077"]) {
    t.is(parse("-m", good, "a", "cat").integer("memory", range), Number(good));
  }
  for (const bad of ["63", "101", "1e2", "64.0", " 64", "99999999999999999999", "sixty"]) {
    t.throws(() => parse("-m", bad, "a", "cat").integer("memory", range), { code: "USAGE" });
  }
});

test("nearest returns a near word, or none", (t) => {
  t.is(nearest("verfy", ["make", "verify", "run"]), "verify");
  t.is(nearest("rnu", ["make", "verify", "run"]), undefined);
  t.is(nearest("ru", ["make", "verify", "run"]), "run");
  t.is(nearest("", ["make"]), undefined);
});

import test from "ava";
import { parseOptions } from "../../../guest/unikernels/options.ts";

const KNOWN = { flags: ["-l", "-R", "--all"], values: ["--from", "-n"] };

for (const [args, options, operands] of [
  [[], [], []],
  [["a", "b"], [], ["a", "b"]],
  [
    ["-l", "a", "-R"],
    [
      ["-l", ""],
      ["-R", ""],
    ],
    ["a"],
  ],
  [
    ["-lR"],
    [
      ["-l", ""],
      ["-R", ""],
    ],
    [],
  ],
  [["--all"], [["--all", ""]], []],
  [["--from", "x", "y"], [["--from", "x"]], ["y"]],
  [["--from=x=y"], [["--from", "x=y"]], []],
  [["--from="], [["--from", ""]], []],
  [["--from", "--all"], [["--from", "--all"]], []],
  [["-n", "5"], [["-n", "5"]], []],
  [["--", "-l", "--"], [], ["-l", "--"]],
  [["-"], [], ["-"]],
] as [string[], [string, string][], string[]][]) {
  test(`${JSON.stringify(args)} is understood`, (t) => {
    const parsed = parseOptions(args, KNOWN);
    t.deepEqual([...parsed.options], options);
    t.deepEqual(parsed.operands, operands);
    t.is(parsed.unknown, undefined);
  });
}

for (const [args, unknown] of [
  [["-x"], "-x"],
  [["-lx"], "-x"],
  [["--long"], "--long"],
  [["--from"], "--from"],
  [["a", "--all=5"], "--all=5"],
] as [string[], string][]) {
  test(`${JSON.stringify(args)} is refused`, (t) => {
    t.is(parseOptions(args, KNOWN).unknown, unknown);
  });
}

test("any number of operands is taken", (t) => {
  const many = new Array(300_000).fill("a");
  t.is(parseOptions(["--"].concat(many), KNOWN).operands.length, 300_000);
  t.is(parseOptions(many, KNOWN).operands.length, 300_000);
});

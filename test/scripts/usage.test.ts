import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { unikernels } from "../../guest/unikernels/index.ts";
import { DEFAULT_BLOCK_SIZE } from "../../image-builder/block-size.ts";
import { DEFAULT_AUTHOR } from "../../image-builder/folder/author.ts";
import { COMPRESSIONS } from "../../image-builder/packing/compression.ts";
import { DEFAULT_TIMEOUT } from "../../image-builder/source/idle-timeout.ts";
import { MAX_FAULTS } from "../../image-builder/verify/max-faults.ts";
import { programs } from "../../scripts/cli/programs.ts";
import { commands } from "../../scripts/commands/index.ts";
import { DEFAULT_MEMORY } from "../../vm/prepare.ts";
import { CHECKOUT, docteur, refused } from "./docteur.ts";

test("--version prints the version of package.json", async (t) => {
  const { version } = JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8"));
  const result = await docteur(["--version"]);
  t.is(result.stdout.toString(), `docteur ${version}\n`);
  t.is(result.status, 0);
});

test("every form of help prints the same to standard output, within 80 columns", async (t) => {
  for (const ways of [
    [["--help"], ["-h"], ["help"], ["help", "--help"]],
    ...commands.map(({ name }) => [
      [name, "--help"],
      [name, "-h"],
      ["help", name],
    ]),
  ]) {
    const pages = await Promise.all(ways.map((args) => docteur(args)));
    for (const page of pages) {
      t.is(page.stdout.toString(), pages[0]!.stdout.toString());
      t.is(page.stderr, "");
      t.is(page.status, 0);
    }
    const lines = pages[0]!.stdout.toString().split("\n");
    t.deepEqual(
      lines.filter((line) => line.length > 80 || line.endsWith(" ")),
      [],
    );
  }
});

test("the page of a command has the parts of a manual page and every option", async (t) => {
  for (const command of commands) {
    const page = (await docteur([command.name, "--help"])).stdout.toString();
    for (const title of ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS"]) {
      t.true(page.includes(`\n${title}\n`) || page.startsWith(`${title}\n`), `${command.name}: ${title}`);
    }
    for (const { name } of command.options) t.true(page.includes(`--${name}`), `${command.name} --${name}`);
  }
});

test("the manual gives the defaults and bounds that the code has", async (t) => {
  const page = async (name: string) =>
    (await docteur([name, "--help"])).stdout.toString().replace(/\s+/g, " ");
  const make = await page("make");
  for (const level of Object.values(COMPRESSIONS)) {
    const deltas = level.depth === 0 ? "no deltas" : `[^.]* chains of at most ${level.depth}[,.]`;
    t.regex(make, new RegExp(`zlib's level ${level.level}, ${deltas}`));
  }
  t.true(make.includes(`an integer. Default: ${DEFAULT_TIMEOUT}.`));
  t.true(make.includes(`A multiple of 512. Default: ${DEFAULT_BLOCK_SIZE}.`));
  t.true(make.includes(`Default: ${DEFAULT_AUTHOR.name} <${DEFAULT_AUTHOR.email}>.`));
  t.true((await page("verify")).includes(`up to ${MAX_FAULTS.toLocaleString("en-US")}.`));
  t.true((await page("run")).includes(`a line that says so. Default: ${DEFAULT_MEMORY}.`));
});

test("the manual of run has every program there is", (t) => {
  t.deepEqual(Object.keys(programs).sort(), Object.keys(unikernels).sort());
});

const MISUSES: [args: string[], message: RegExp][] = [
  [[], /a command is missing; see docteur --help/],
  [["mak"], /unknown command 'mak' \(did you mean make\?\); see docteur --help/],
  [["--wat"], /unknown option --wat; see docteur --help/],
  [["help", "nothing"], /unknown command 'nothing'; see docteur --help/],
  [["help", "make", "verify"], /'verify' is one argument too many/],
  [["make"], /REPOSITORY is missing; see docteur make --help/],
  [["make", "a"], /IMAGE is missing; see docteur make --help/],
  [["make", "a", "b", "c"], /'c' is one argument too many; see docteur make --help/],
  [["make", "--brnach", "x", "a", "b"], /unknown option --brnach \(did you mean --branch\?\)/],
  [["make", "-z", "a", "b"], /unknown option -z/],
  [["make", "a", "b", "--bs"], /--bs needs a value/],
  [["make", "--bs=", "a", "b"], /--bs needs a value/],
  [["make", "-b", "-q", "a", "b"], /-b needs a value \(for the value '-q' write --branch=-q\)/],
  [["make", "--bs", "0x200", "a", "b"], /--bs takes an integer from 1 to \d+, not '0x200'/],
  [["make", "--verbosity", "loud", "a", "b"], /--verbosity takes quiet, .*, not 'loud'/],
  [["make", "--color", "blue", "a", "b"], /--color takes auto, always, never, not 'blue'/],
  [["verify", "--quiet=no", "a"], /--quiet takes no value/],
  [["verify"], /IMAGE is missing; see docteur verify --help/],
  [["run"], /IMAGE is missing/],
  [["run", "a"], /PROGRAM is missing/],
  [
    ["run", "a", "tac"],
    /unknown program 'tac'; the programs are cat, ls, serve, stat, or a file of your own as \.\/tac/,
  ],
  [["run", "a", "toString"], /unknown program 'toString'/],
  [["run", "-t", "xen", "a", "cat", "/b"], /--target takes qemu, unix, not 'xen'/],
  [["run", "-m", "1", "a", "cat", "/b"], /--memory takes an integer from \d+ to \d+, not '1'/],
  [["run", "--boot-timeout", "-1", "a", "cat", "/b"], /--boot-timeout needs a value/],
  [["run", "--accel", "xen", "a", "cat", "/b"], /--accel takes kvm, tcg, not 'xen'/],
  [["template"], /ACTION is missing/],
  [["template", "burn"], /unknown action 'burn'; the actions are list, prune, warm/],
  [["template", "prune", "--keep", "x"], /--keep takes an integer from 0 to \d+, not 'x'/],
  [["doctor", "x"], /'x' is one argument too many/],
];

for (const [args, message] of MISUSES) {
  test(`called wrongly: docteur ${args.join(" ")}`, async (t) => refused(t, await docteur(args), 2, message));
}

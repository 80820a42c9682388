import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import { commandLines } from "../command-lines.ts";
import { FIXTURES } from "../fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command, docteur, git, refused } from "./docteur.ts";
import { sampleRepository } from "./sample-repository.ts";

const ORIGINAL: Record<string, { verifyOutput?: string; commit: string }> = JSON.parse(
  readFileSync(join(FIXTURES, "expect.json"), "utf8"),
);

test("verify prints of the original's images what the original prints", async (t) => {
  for (const [image, { verifyOutput }] of Object.entries(ORIGINAL)) {
    if (!existsSync(join(FIXTURES, image)) || verifyOutput === undefined) continue;
    const { stdout, stderr, status } = await docteur(["verify", image], { cwd: FIXTURES });
    t.is(stdout.toString(), verifyOutput, image);
    t.is(stderr, "");
    t.is(status, 0);
  }
});

test("verify prints nothing with -q and --verbosity=quiet, one line with --json, colours with --color", async (t) => {
  const image = join(FIXTURES, "git.img");
  for (const quiet of ["-q", "--quiet", "--verbosity=quiet"]) {
    const { stdout, stderr, status } = await docteur(["verify", quiet, image]);
    t.deepEqual([stdout.toString(), stderr, status], ["", "", 0]);
  }
  const json = (await docteur(["verify", "--json", image])).stdout.toString();
  t.regex(json, /^[^\n]+\n$/);
  t.like(JSON.parse(json), { commit: ORIGINAL["git.img"]!.commit, author: { name: "Ada" } });
  const coloured = await docteur(["verify", "--color=always", image], { env: { NO_COLOR: "1" } });
  t.true(coloured.stdout.includes("\x1b["));
});

test("off a terminal make says every 10 seconds how far it is, with -q nothing", async (t) => {
  t.timeout(120_000);
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  mkdirSync(site);
  for (let file = 0; file < 9; file++) writeFileSync(join(site, `${file}`), `file ${file}\n`);
  // A git that takes longer than that to pack, once it has said how far it is.
  const programs = join(folder, "programs");
  mkdirSync(programs);
  const real = (await command("sh", ["-c", "command -v git"])).stdout.toString().trim();
  const slow = `case " $* " in *" pack-objects "*) echo 'Compressing objects:  50% (1/2)' >&2; sleep 12;; esac`;
  writeFileSync(join(programs, "git"), `#!/bin/sh\n${slow}\nexec ${real} "$@"\n`, { mode: 0o755 });
  const env = { PATH: `${programs}:${process.env.PATH}` };
  const make = (image: string, ...options: string[]) =>
    docteur(["make", ...options, site, join(folder, image)], { env });
  const [said, quiet] = await Promise.all([make("x.img"), make("q.img", "-q")]);
  t.is(said.status, 0);
  const lines = said.stderr.trimEnd().split("\n");
  // Git packs the tree and the commit; the files are so small that docteur does.
  t.regex(lines[0]!, /^docteur: Compressing (1|10) of 11 objects \((9|90)%\)$/);
  t.regex(lines.at(-1)!, /x\.img: commit [0-9a-f]{40}, 9 files/);
  t.deepEqual([quiet.status, quiet.stderr], [0, ""]);
});

test("make of a repository gives the commit that git has, with spaces in both paths", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "a source");
  mkdirSync(source);
  const { main, next } = await sampleRepository(source);
  for (const [ref, commit] of [
    [[], main],
    [["-b", "main"], main],
    [["--branch=refs/heads/next"], next],
    [["-b", "v1"], main],
    [["-b", next], next],
  ] as const) {
    const made = await docteur(["make", ...ref, source, "an image.img"], { cwd: folder });
    t.is(made.stdout.toString(), "");
    t.regex(made.stderr, new RegExp(`^an image\\.img: commit ${commit}, [^\\n]+\\n$`));
    t.is(made.status, 0);
    const verified = await docteur(["verify", "an image.img"], { cwd: folder });
    const expected = await git(
      source,
      "show",
      "--no-patch",
      '--format=commit\t: %H%nauthor\t: "%an" <%ae>%nroot\t: %T%n%n%B',
      commit,
    );
    t.is(verified.stdout.toString(), expected.toString());
  }
});

test("make of a folder gives the original's commit for a date, and -q prints nothing", async (t) => {
  const folder = temporaryFolder(t);
  for (const [expected, zone] of [
    ["small.img", "2020-10-10T08:00:00+00:00"],
    ["small-tz.img", "2021-03-04T05:06:07-03:30"],
  ] as const) {
    const image = join(folder, expected);
    const made = await docteur(["make", "-q", "-d", zone, "relativize://stores/small", image], {
      cwd: FIXTURES,
    });
    t.deepEqual([made.stdout.toString(), made.stderr, made.status], ["", "", 0]);
    t.is(readFileSync(image).toString("hex", 0, 20), ORIGINAL[expected]!.commit);
  }
});

test("make --json prints the result to standard output; verify -v prints details to standard error", async (t) => {
  const folder = temporaryFolder(t);
  const { main } = await sampleRepository(folder);
  const made = await docteur(["make", "--json", "--compression=best", "--repack", ".", "x.img"], {
    cwd: folder,
  });
  t.regex(made.stdout.toString(), /^[^\n]+\n$/);
  const told = JSON.parse(made.stdout.toString());
  t.like(told, { commit: main, source: "repository", bytes: statSync(join(folder, "x.img")).size });
  t.true(told.files > 0 && told.seconds > 0);
  const { stdout, stderr } = await docteur(["verify", "-v", "x.img"], { cwd: folder });
  t.true(stdout.toString().startsWith(`commit\t: ${main}\n`));
  t.regex(
    stderr,
    /^docteur: 1 commit, \d+ trees?, \d+ blobs?; 0 not reached by the commit\n(docteur: [^\n]+\n){2}$/,
  );
});

test("verify --keep-going names every damaged object, and the first fault last", async (t) => {
  const folder = temporaryFolder(t);
  const image = readFileSync(join(FIXTURES, "similar.img"));
  image[20_000]! ^= 1;
  writeFileSync(join(folder, "x.img"), image);
  const once = await docteur(["verify", "x.img"], { cwd: folder });
  const all = await docteur(["verify", "--keep-going", "x.img"], { cwd: folder });
  t.deepEqual([all.status, all.stdout.toString()], [1, ""]);
  const lines = all.stderr.split("\n").slice(0, -1);
  t.is(`${lines.at(-1)}\n`, once.stderr);
  t.true(lines.length >= 2);
  for (const line of lines) t.regex(line, /^docteur: x\.img: invalid image: .*\(.*at byte \d+\)$/);
  const quiet = await docteur(["verify", "-q", "--keep-going", "x.img"], { cwd: folder });
  t.is(quiet.stderr, once.stderr);
});

test("verify --json of a damaged image prints fault, offset and object to standard output, and the line to standard error", async (t) => {
  const folder = temporaryFolder(t);
  const image = readFileSync(join(FIXTURES, "similar.img"));
  image[20_000]! ^= 1;
  writeFileSync(join(folder, "x.img"), image);
  const plain = await docteur(["verify", "x.img"], { cwd: folder });
  const told = await docteur(["verify", "--json", "x.img"], { cwd: folder });
  t.deepEqual([told.status, told.stderr], [1, plain.stderr]);
  t.regex(told.stdout.toString(), /^[^\n]+\n$/);
  const { error } = JSON.parse(told.stdout.toString());
  const [, offset] = /at byte (\d+)\)$/m.exec(plain.stderr)!;
  t.like(error, { code: "INVALID_IMAGE", fault: "pack-inflate", offset: Number(offset) });
  const all = await docteur(["verify", "--json", "--keep-going", "x.img"], { cwd: folder });
  const { damages } = JSON.parse(all.stdout.toString());
  const lines = all.stderr.split("\n").slice(0, -2);
  t.deepEqual(
    damages.map(({ message }: { message: string }) => `docteur: ${message}`),
    lines,
  );
  for (const damage of damages) t.regex(damage.object, /^[0-9a-f]{40}$/);
  t.is(damages.filter(({ offset }: { offset: number }) => offset === error.offset).length, 1);
  const missing = await docteur(["verify", "--json", "missing.img"], { cwd: folder });
  t.deepEqual(JSON.parse(missing.stdout.toString()), {
    error: { code: "IMAGE_NOT_FOUND", message: "missing.img: no such image" },
  });
});

test("make --json prints the error of a failure", async (t) => {
  const folder = temporaryFolder(t);
  const made = await docteur(["make", "--json", "nowhere", "x.img"], { cwd: folder });
  t.is(made.status, 1);
  const { error } = JSON.parse(made.stdout.toString());
  t.is(error.code, "SOURCE_NOT_FOUND");
  t.is(made.stderr, `docteur: ${error.message}\n`);
});

test("docteur.make and docteur.verify take the original's command lines", async (t) => {
  const folder = temporaryFolder(t);
  await sampleRepository(folder);
  const scripts = join(CHECKOUT, "scripts");
  const made = await command(
    join(scripts, "docteur.make"),
    [
      "--verbosity=debug",
      "--color=never",
      "-v",
      "--bs",
      "4096",
      `file://${folder}/`,
      "-b",
      "refs/heads/main",
      "disk.img",
    ],
    { cwd: folder },
  );
  t.is(made.status, 0, made.stderr);
  t.is(statSync(join(folder, "disk.img")).size % 4096, 0);
  const verified = await command(join(scripts, "docteur.verify"), ["disk.img", "-v"], { cwd: folder });
  t.true(verified.stdout.toString().startsWith("commit\t: "));
});

test("a failure of make is one line, and the old image stays", async (t) => {
  const folder = temporaryFolder(t);
  await sampleRepository(folder);
  writeFileSync(join(folder, "old.img"), "old");
  const before = readdirSync(folder);
  for (const [args, message] of [
    [["nowhere", "old.img"], /nowhere: no such repository or folder/],
    [["-b", "missing", ".", "old.img"], /missing/],
    [["--bs", "100", ".", "old.img"], /block size 100/],
    [["-d", "yesterday", ".", "old.img"], /yesterday/],
    [[".", "no/such/folder/x.img"], /no\/such\/folder/],
    [["ftp://host/x", "old.img"], /ftp/],
  ] as const) {
    refused(t, await docteur(["make", ...args], { cwd: folder }), 1, message);
  }
  t.is(readFileSync(join(folder, "old.img"), "utf8"), "old");
  t.deepEqual(readdirSync(folder), before);
});

test("a password stays out of the error", async (t) => {
  const folder = temporaryFolder(t);
  // Port 9 of this machine: nobody listens there.
  const result = await docteur(["make", "http://ada:se%20cret@127.0.0.1:9/x", "x.img"], {
    cwd: folder,
    env: { DOCTEUR_DEBUG: "1" },
  });
  t.is(result.status, 1);
  t.notRegex(result.stderr, /se( |%20)cret/);
  t.deepEqual(readdirSync(folder), []);
});

test("no command line shows the password while a server is asked", async (t) => {
  const folder = temporaryFolder(t);
  let seen = "";
  const server = createServer((socket) => {
    seen += commandLines();
    socket.destroy();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  // In a variable, so that nothing but docteur itself has it on a command line.
  const script = `exec "$0" make "http://ada:$SECRET@127.0.0.1:${port}/x" x.img`;
  const result = await command("sh", ["-c", script, join(CHECKOUT, "scripts/docteur")], {
    cwd: folder,
    env: { SECRET: "correct-horse" },
  });
  refused(t, result, 1, /cannot fetch from http:\/\/\*\*\*@/);
  t.regex(seen, /^docteur make/m);
  t.false(seen.includes("correct-horse"));
});

test("a file that is no image is refused in one line", async (t) => {
  const folder = temporaryFolder(t);
  const image = readFileSync(join(FIXTURES, "similar.img"));
  writeFileSync(join(folder, "empty.img"), "");
  writeFileSync(join(folder, "text.img"), "This is no image at all, but a text.\n".repeat(100));
  writeFileSync(join(folder, "short.img"), image.subarray(0, 5000));
  image[20_000]! ^= 1;
  writeFileSync(join(folder, "damaged.img"), image);
  for (const name of ["empty.img", "text.img", "short.img", "damaged.img"]) {
    refused(
      t,
      await docteur(["verify", name], { cwd: folder }),
      1,
      new RegExp(`^docteur: ${name}: invalid image`),
    );
  }
  refused(t, await docteur(["verify", "missing.img"], { cwd: folder }), 1, /missing\.img: no such image/);
  refused(t, await docteur(["verify", "."], { cwd: folder }), 1, /directory/);
});

test("DOCTEUR_DEBUG shows where an error arose", async (t) => {
  const result = await docteur(["verify", "missing.img"], { env: { DOCTEUR_DEBUG: "1" } });
  t.regex(result.stderr, /^docteur: missing\.img: no such image\n(.|\n)*\n\s+at /);
  t.is(result.status, 1);
});

test("standard output that cannot be written is a failure; one that nobody reads is not worth a word", async (t) => {
  const image = join(FIXTURES, "git.img");
  const verify = `"$0" verify ${JSON.stringify(image)}`;
  const script = join(CHECKOUT, "scripts/docteur");
  refused(
    t,
    await command("sh", ["-c", `${verify} >/dev/full`, script]),
    1,
    /standard output cannot be written/,
  );
  const piped = await command("bash", ["-c", `${verify} | :; echo "\${PIPESTATUS[0]}"`, script]);
  t.is(piped.stderr, "");
  t.true(["0\n", "141\n"].includes(piped.stdout.toString())); // written before, or after the reader went
});

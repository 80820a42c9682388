import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Plant } from "../image-builder/planted.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command, git, refused } from "./docteur.ts";
import { sampleRepository } from "./sample-repository.ts";

const make = (...args: string[]) => command("make", ["--no-print-directory", ...args], { cwd: CHECKOUT });

test("make without a target lists the targets", async (t) => {
  const { status, stdout, stderr } = await make();
  t.is(status, 0, stderr);
  t.deepEqual(stdout, (await make("help")).stdout);
  for (const target of ["run", "image", "verify", "test", "bench", "clean", "setup"]) {
    t.regex(stdout.toString(), new RegExp(`^make ${target} `, "m"));
  }
});

test("make run without FILE says what is missing", async (t) => {
  refused(t, await make("run"), 1, /^docteur: FILE is missing, for instance make run FILE=\/README\.md\n/);
});

test("make image and make verify work with spaces, quotes and dollars in their variables", async (t) => {
  const folder = join(temporaryFolder(t), 'it\'s $HOME #1 & "more"');
  mkdirSync(folder);
  const { next } = await sampleRepository(folder);
  const variables = [`IMAGE=${folder}/an image.img`, `REPO=${folder}`, "BRANCH=next"];
  const made = await make("image", ...variables);
  t.is(made.status, 0, made.stderr);
  t.is(made.stdout.toString(), "");
  const verified = await make("verify", ...variables);
  t.true(verified.stdout.toString().startsWith(`commit\t: ${next}\n`), verified.stderr);
});

test("variables that happen to be in the environment mean nothing", async (t) => {
  const folder = temporaryFolder(t);
  await sampleRepository(folder);
  const env = { FILE: "/README.md", BRANCH: "nonsense" };
  const image = join(folder, "disk.img");
  const { status, stderr } = await command("make", ["image", `IMAGE=${image}`, `REPO=${folder}`], {
    cwd: CHECKOUT,
    env,
  });
  t.is(status, 0, stderr);
  t.is((await command("make", ["run"], { cwd: CHECKOUT, env })).status, 1);
});

test("the image of make run is made again only when its source is another", async (t) => {
  const folder = temporaryFolder(t);
  const { main, next } = await sampleRepository(folder);
  const image = join(folder, "disk.img");
  const ensure = async (settings: { branch?: string; repository?: string } = {}) => {
    const before = existsSync(image) ? statSync(image).ino : undefined;
    const { status, stdout, stderr } = await command(join(CHECKOUT, "scripts/image"), ["--if-changed"], {
      cwd: folder,
      env: {
        DOCTEUR_IMAGE: image,
        DOCTEUR_REPO: settings.repository ?? folder,
        DOCTEUR_BRANCH: settings.branch ?? "",
      },
    });
    t.is(status, 0, stderr);
    t.is(stdout.toString(), "");
    const commit = readFileSync(image).toString("hex", 0, 20);
    return { commit, again: statSync(image).ino !== before };
  };

  t.deepEqual(await ensure(), { commit: main, again: true }, "there was none");
  t.deepEqual(await ensure(), { commit: main, again: false }, "nothing changed");
  t.deepEqual(await ensure({ branch: "next" }), { commit: next, again: true }, "another branch");
  t.deepEqual(await ensure({ branch: "next" }), { commit: next, again: false });
  t.deepEqual(await ensure({ branch: "next", repository: `file://${folder}`.replaceAll(" ", "%20") }), {
    commit: next,
    again: true,
  });
  t.deepEqual(await ensure(), { commit: main, again: true });

  await git(folder, "commit", "--quiet", "--allow-empty", "--message", "Third");
  const third = (await git(folder, "rev-parse", "HEAD")).toString().trim();
  t.deepEqual(await ensure(), { commit: third, again: true }, "a new commit");

  writeFileSync(image, "something else");
  t.deepEqual(await ensure(), { commit: third, again: true }, "the image was replaced");

  const repository = join(folder, "x.bundle");
  await git(folder, "bundle", "create", "--quiet", repository, "HEAD", "next");
  for (const [branch, commit] of [
    ["", third],
    ["next", next],
  ] as const) {
    t.deepEqual(await ensure({ repository, branch }), { commit, again: true }, "a bundle");
    t.deepEqual(await ensure({ repository, branch }), { commit, again: false }, "the same bundle");
  }
  await git(folder, "commit", "--quiet", "--allow-empty", "--message", "Fourth");
  await git(folder, "bundle", "create", "--quiet", repository, "HEAD");
  const fourth = (await git(folder, "rev-parse", "HEAD")).toString().trim();
  t.deepEqual(await ensure({ repository }), { commit: fourth, again: true }, "another bundle");
});

test("make run compares sources without running a program that their settings name", async (t) => {
  const folder = temporaryFolder(t);
  const { main } = await sampleRepository(folder);
  const plant = new Plant(t);
  const env = { DOCTEUR_IMAGE: join(folder, "disk.img"), DOCTEUR_REPO: folder };
  const image = () => command(join(CHECKOUT, "scripts/image"), ["--if-changed"], { cwd: folder, env });
  t.is((await image()).status, 0);
  rmSync(join(folder, ".git/objects", main.slice(0, 2), main.slice(2)));
  plant.asHooks(join(folder, ".git"));
  plant.asCommands(join(folder, ".git"));
  t.true(
    plant.isRunByGit(folder, ["rev-parse", "HEAD^{commit}"]),
    "git itself runs it, so the test can fail",
  );
  t.is((await image()).status, 1);
  t.false(plant.ran());
});

test("the record of what an image was made from has no password", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "disk.img");
  writeFileSync(join(folder, "docteur"), '#!/bin/sh\nprintf "%-20s" image >disk.img\n', { mode: 0o755 });
  writeFileSync(join(folder, "image"), readFileSync(join(CHECKOUT, "scripts/image")), { mode: 0o755 });
  mkdirSync(join(folder, "scripts"));
  for (const name of ["docteur", "image"]) {
    writeFileSync(join(folder, "scripts", name), readFileSync(join(folder, name)), { mode: 0o755 });
  }
  const env = { DOCTEUR_IMAGE: image, DOCTEUR_REPO: "https://ada:sec@r/et@example.org/x.git" };
  const { status, stderr } = await command(join(folder, "scripts/image"), [], { cwd: folder, env });
  t.is(status, 0, stderr);
  t.regex(readFileSync(`${image}.source`, "utf8"), /^repository\thttps:\/\/example\.org\/x\.git$/m);
  t.notRegex(readFileSync(`${image}.source`, "utf8"), /ada|sec|ret@/);
});

test("make -n run runs nothing", async (t) => {
  const { status, stdout } = await make("-n", "run", "FILE=/nope");
  t.is(status, 0);
  t.regex(stdout.toString(), /scripts\/docteur run /);
});

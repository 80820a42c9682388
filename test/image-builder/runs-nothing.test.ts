import { chmodSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { openImage, reachedObjects } from "./opened-image.ts";
import { Plant } from "./planted.ts";
import { commitAll, git, sampleRepository, writeFiles } from "./sandbox.ts";
import { gitDaemon } from "./servers.ts";
import { userEnvironment } from "./user-environment.ts";

/**
 * A repository whose files all have a filter, with a submodule, a linked work tree, and a bare clone beside
 * it.
 */
function repositories(folder: string) {
  const main = join(folder, "main");
  sampleRepository(join(folder, "other"));
  sampleRepository(main);
  writeFiles(main, {
    ".gitattributes": "* filter=planted diff=planted merge=planted\n*.txt filter=spoken\n",
  });
  git(main, ["submodule", "--quiet", "add", join(folder, "other"), "module"]);
  const commit = commitAll(main, "Filtered");
  const module = git(join(main, "module"), ["rev-parse", "HEAD"]);
  git(main, ["worktree", "add", "--quiet", "--detach", "../linked"]);
  git(folder, ["clone", "--quiet", "--bare", "main", "bare.git"]);
  // The index cannot tell whether these are as they were.
  for (const file of ["main/README.md", "main/src/deep/a.txt", "linked/README.md", "main/module/README.md"]) {
    utimesSync(join(folder, file), 1, 1);
  }
  const objects = reachedObjects(main, commit);
  return {
    main,
    gitDirs: [join(main, ".git"), join(main, ".git/modules/module"), join(folder, "bare.git")],
    sources: [
      { path: main, commit, objects },
      { path: join(main, ".git"), commit, objects },
      { path: `file://${encodeURI(main)}`, commit, objects },
      { path: join(folder, "linked"), commit, objects },
      { path: join(folder, "bare.git"), commit, objects },
      { path: join(main, "module"), commit: module, objects: reachedObjects(join(folder, "other"), module) },
    ],
  };
}

test("nothing runs that a repository's settings, hooks and attributes name", async (t) => {
  const folder = temporaryFolder(t);
  const { main, gitDirs, sources } = repositories(folder);
  const plant = new Plant(t);
  const image = join(folder, "x.img");
  for (const gitDir of gitDirs) {
    plant.asHooks(gitDir);
    plant.asCommands(gitDir);
  }
  const status = ["-c", "core.fsmonitor=false", "status", "--ignore-submodules=all"];
  t.true(plant.isRunByGit(main, status), "git itself runs the filter, so the test can fail");
  const check = async (what: string) => {
    for (const { path, commit, objects } of sources) {
      for (const options of [{}, { repack: true }, { withoutDeltas: true }]) {
        const made = await makeImage({ repository: path, image, ...options });
        t.false(plant.ran(), `${what}: ${path}, ${JSON.stringify(options)}`);
        t.is(made.commit, commit, path);
        t.deepEqual(openImage(t, image).objects, objects, path);
        t.deepEqual(
          made.notes.filter((note) => note.includes("uncommitted")),
          [],
          path,
        );
      }
    }
    t.is((await makeImage({ repository: main, image, worktree: true })).source, "folder");
    t.false(plant.ran(), `${what}: the work tree as a folder`);
  };
  await check("commands");
  for (const gitDir of gitDirs) plant.asEverySetting(gitDir);
  await check("every setting");
});

test("a missing object is not fetched", async (t) => {
  const folder = temporaryFolder(t);
  const { main, gitDirs } = repositories(folder);
  const plant = new Plant(t);
  const blob = git(main, ["rev-parse", "HEAD:README.md"]);
  rmSync(join(main, ".git/objects", blob.slice(0, 2), blob.slice(2)));
  plant.asCommands(gitDirs[0]!);
  t.true(
    plant.isRunByGit(main, ["cat-file", "-e", blob]),
    "git itself asks the remote, so the test can fail",
  );
  for (const repack of [false, true]) {
    await failsWith(t, "INCOMPLETE_REPOSITORY", () =>
      makeImage({ repository: main, image: join(folder, "x.img"), repack }),
    );
    t.false(plant.ran());
  }
});

test.serial("nothing runs that the repository in the working directory names", async (t) => {
  const folder = temporaryFolder(t);
  const { main, gitDirs, sources } = repositories(folder);
  const plant = new Plant(t);
  writeFiles(join(folder, "files"), { a: "a" });
  const daemon = await gitDaemon(t, folder);
  for (const gitDir of gitDirs) {
    plant.asHooks(gitDir);
    plant.asCommands(gitDir);
  }
  const before = { folder: process.cwd(), path: process.env.PATH };
  t.teardown(() => {
    process.chdir(before.folder);
    process.env.PATH = before.path;
  });
  // No system needs an ssh of its own for this one to fail.
  writeFiles(folder, { "bin/ssh": "#!/bin/sh\nexit 255\n" });
  chmodSync(join(folder, "bin/ssh"), 0o755);
  process.env.PATH = `${join(folder, "bin")}:${before.path}`;
  process.chdir(main);
  t.true(
    plant.isRunByGit(main, ["ls-remote", `${daemon}/other/.git`]),
    "git itself goes by the settings here, so the test can fail",
  );
  const image = join(folder, "x.img");
  t.is((await makeImage({ repository: `${daemon}/other/.git`, image })).commit, sources.at(-1)!.commit);
  for (const repository of ["ssh://127.0.0.1:1/x", "http://127.0.0.1:1/x"]) {
    await failsWith(t, "FETCH_FAILED", () => makeImage({ repository, image }));
  }
  await makeImage({ repository: join(folder, "files"), image });
  await makeImage({ repository: ".", image });
  t.false(plant.ran());
});

test.serial("the note on uncommitted changes runs no filter of the user's own", async (t) => {
  const folder = temporaryFolder(t);
  const { main, sources } = repositories(folder);
  const plant = new Plant(t);
  userEnvironment(t, { "filter.planted.clean": plant.program, "filter.spoken.process": plant.program });
  for (const { path } of sources) await makeImage({ repository: path, image: join(folder, "x.img") });
  writeFiles(main, { new: "not known to git" });
  const { notes } = await makeImage({ repository: main, image: join(folder, "x.img") });
  t.regex(notes[0]!, /^1 uncommitted change in/);
  t.false(plant.ran());
});

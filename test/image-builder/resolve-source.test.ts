import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage, resolveSource } from "../../image-builder/index.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { git, sampleRepository } from "./sandbox.ts";
import { dumbServer, gitDaemon } from "./servers.ts";

for (const format of HASH_ALGORITHMS) {
  test(`a source resolves to the commit that make takes, here, as a bundle, by git:// and over plain HTTP (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { second, other } = sampleRepository(source, format);
    git(source, ["tag", "--annotate", "--message", "A tag", "outer", "other"]);
    git(source, ["tag", "--annotate", "--message", "A tag of a tag", "outermost", "outer"]);
    git(source, ["update-server-info"]);
    const gitDir = join(source, ".git");
    const bundle = join(folder, "x.bundle");
    git(source, ["bundle", "create", "--quiet", bundle, "--all"]);
    const places = [source, gitDir, bundle, `${await gitDaemon(t, folder)}/source/.git`];
    places.push(`${await dumbServer(t, folder)}/source/.git`);
    const tag = git(source, ["rev-parse", "outermost"]);
    for (const repository of places) {
      t.is(await resolveSource({ repository }), second, repository);
      t.is(await resolveSource({ repository, ref: "HEAD" }), second, repository);
      for (const ref of ["other", "refs/heads/other", "outer", "outermost", tag, other, other.slice(0, 12)]) {
        t.is(await resolveSource({ repository, ref }), other, `${repository} ${ref}`);
      }
      await failsWith(t, "REF_NOT_FOUND", () => resolveSource({ repository, ref: "nope" }));
    }
    const made = await makeImage({ repository: places[3]!, ref: "outermost", image: join(folder, "x.img") });
    t.is(made.commit, other);
  });
}

test("a folder that is no repository, and a repository that has gone, resolve to nothing", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  mkdirSync(source);
  await failsWith(t, "NOT_A_REPOSITORY", () => resolveSource({ repository: source }), /has no commits/);
  git(source, ["init", "--quiet"]);
  await failsWith(t, "EMPTY_REPOSITORY", () => resolveSource({ repository: source }));
  renameSync(source, join(folder, "elsewhere"));
  await failsWith(t, "SOURCE_NOT_FOUND", () => resolveSource({ repository: source }));
});

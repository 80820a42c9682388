import { randomBytes } from "node:crypto";
import { join } from "node:path";
import test from "ava";
import { makeImage, verifyImage } from "../../image-builder/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { commitAll, git, writeFiles } from "./sandbox.ts";
import { userEnvironment } from "./user-environment.ts";

/** What a user's git may be told that would change a PACK, its IDX, or what is read. */
const SETTINGS: Readonly<Record<string, string>> = {
  "pack.packSizeLimit": "1m",
  "pack.indexVersion": "1",
  "pack.writeReverseIndex": "true",
  "pack.threads": "3",
  "pack.depth": "4095",
  "pack.compression": "0",
  "core.bigFileThreshold": "1",
  "core.abbrev": "5",
  "core.quotePath": "false",
  "core.bare": "true",
  "init.defaultBranch": "bad..name",
  "init.defaultObjectFormat": "sha256",
  "init.defaultRefFormat": "reftable",
  "status.showUntrackedFiles": "all",
};
const VARIABLES: Readonly<Record<string, string>> = {
  GIT_DIR: "/nonexistent",
  GIT_INDEX_FILE: "/nonexistent/index",
  GIT_OBJECT_DIRECTORY: "/nonexistent",
  GIT_NAMESPACE: "elsewhere",
  GIT_DEFAULT_HASH: "sha256",
  GIT_DEFAULT_REF_FORMAT: "reftable",
  GIT_LITERAL_PATHSPECS: "1",
  GIT_CEILING_DIRECTORIES: "/",
  GIT_SHALLOW_FILE: "/dev/null",
  GIT_TRACE: "1",
  GIT_TRACE2_EVENT: "2",
  GIT_OPTIONAL_LOCKS: "1",
};
/** As git hands its own `-c` to what it starts. */
const PARAMETERS = Object.entries(SETTINGS)
  .map(([key, value]) => `'${key}=${value}'`)
  .join(" ");

for (const [what, settings, more] of [
  ["in the user's files", SETTINGS, {}],
  ["by git -c", {}, { GIT_CONFIG_PARAMETERS: PARAMETERS }],
  ["in variables", {}, VARIABLES],
] as const) {
  test.serial(`git settings ${what} change no image`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const site = join(folder, "site");
    const files = {
      a: randomBytes(900_000),
      b: randomBytes(900_000),
      "na\u00efve": "x",
      c: "c\n".repeat(3000),
    };
    const other = join(folder, "other");
    git(folder, ["init", "--quiet", "source"]);
    git(folder, ["init", "--quiet", "--object-format=sha256", "other"]);
    for (const folder of [source, other, site]) writeFiles(folder, files);
    const commit = commitAll(source, "Noise");
    commitAll(other, "Noise");
    writeFiles(source, { untracked: "x" });
    const bundles = [source, other].map((repository) => `${repository}.bundle`);
    for (const bundle of bundles) {
      git(bundle.replace(".bundle", ""), ["bundle", "create", "--quiet", bundle, "HEAD"]);
    }
    const image = join(folder, "x.img");
    const date = "2020-10-10T08:00:00Z";
    userEnvironment(t, settings, more);
    for (const options of [
      { repository: source },
      { repository: source, repack: true },
      { repository: other },
      { repository: other, repack: true },
      ...bundles.map((repository) => ({ repository })),
      { repository: site, date },
      { repository: site, date, objectFormat: "sha256" as const },
    ]) {
      const made = await makeImage({ ...options, image });
      if (options.repository === source) t.is(made.commit, commit);
      if (options.repository === source) t.regex(made.notes.join(), /^1 uncommitted change /);
      const isOther = "objectFormat" in options || options.repository.startsWith(other);
      t.is(made.hash, isOther ? "sha256" : "sha1", options.repository);
      const { objects } = await verifyImage(image);
      t.deepEqual(objects, { commit: 1, tree: 1, blob: 4, tag: 0 });
    }
  });
}

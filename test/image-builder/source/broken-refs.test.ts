import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage, resolveSource } from "../../../image-builder/index.ts";
import { HASH_ALGORITHMS } from "../../../reader/git/object-format.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { failsWith } from "../failure.ts";
import { git, sampleRepository } from "../sandbox.ts";

/** The settings of a repository that names its objects by the other hash function. */
const OTHER_SETTINGS = {
  sha1: "[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\tobjectFormat = sha256\n",
  sha256: "[core]\n\trepositoryFormatVersion = 0\n",
};

const NAMES = { sha1: "SHA-1", sha256: "SHA-256" };

for (const format of HASH_ALGORITHMS) {
  const settings = `core.repositoryFormatVersion = 1 and extensions.objectFormat = ${format}$`;

  test(`a ${format} repository whose settings name the other hash function is not empty`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { first } = sampleRepository(source, format);
    const image = join(folder, "x.img");
    const detached = join(folder, "detached");
    cpSync(source, detached, { recursive: true });
    git(detached, ["checkout", "--quiet", "--detach", first]);
    const packed = join(folder, "packed.git");
    git(folder, ["clone", "--quiet", "--bare", "source", packed]);
    for (const gitDir of [join(source, ".git"), join(detached, ".git"), packed]) {
      writeFileSync(join(gitDir, "config"), OTHER_SETTINGS[format]);
    }
    const hint = `there is a ${NAMES[format]} id, for which the config must have ${settings}`;
    for (const [repository, ref, what] of [
      [source, undefined, "the ref refs/heads/main of .*source is broken"],
      [source, "main", "the ref refs/heads/main of .*source is broken"],
      [source, "refs/heads/other", "the ref refs/heads/other of .*source is broken"],
      [detached, "HEAD", "the ref HEAD of .*detached is broken"],
      [packed, undefined, `git cannot read the refs of .*packed\\.git: .*`],
    ] as const) {
      const message = new RegExp(`${what}.*${hint}`);
      await failsWith(t, "NOT_A_REPOSITORY", () => makeImage({ repository, image, ref }), message);
      await failsWith(t, "NOT_A_REPOSITORY", () => resolveSource({ repository, ref }), message);
    }
  });

  test(`a broken branch is not a missing one, and no fault of the others (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { second, other } = sampleRepository(source, format);
    const image = join(folder, "x.img");
    writeFileSync(join(source, ".git/refs/heads/other"), `${other.slice(1)}\n`);
    const make = () => makeImage({ repository: source, image, ref: "other" });
    await failsWith(
      t,
      "NOT_A_REPOSITORY",
      make,
      /refs\/heads\/other of .* is broken: git finds no id in it$/,
    );
    t.is((await makeImage({ repository: source, image })).commit, second);
    await failsWith(t, "REF_NOT_FOUND", () => makeImage({ repository: source, image, ref: "nope" }));
    git(source, ["symbolic-ref", "HEAD", "refs/heads/unborn"]);
    await failsWith(t, "REF_NOT_FOUND", () => makeImage({ repository: source, image }), /choose one with -b/);
  });
}

import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { arrange } from "../../../image-builder/packing/arrange.ts";
import type { PackFiles } from "../../../image-builder/packing/pack-objects.ts";
import type { HashAlgorithm } from "../../../reader/git/hash.ts";
import { HASH_ALGORITHMS, ID_LENGTHS } from "../../../reader/git/object-format.ts";
import { NODE_FORMATS } from "../../../reader/node-platform.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { commitAll, git, sampleRepository, writeFiles } from "../sandbox.ts";

/** Arranges PACKs into the file `arranged.pack` of a folder. */
async function arrangeInto(
  folder: string,
  sources: readonly PackFiles[],
  commit: string,
  hash: HashAlgorithm = "sha1",
) {
  const format = NODE_FORMATS[hash];
  const pack = join(folder, "arranged.pack");
  const fd = openSync(pack, "w");
  try {
    const write = (bytes: Uint8Array, offset: number) => {
      writeSync(fd, bytes, 0, bytes.length, offset);
    };
    return { pack, ...(await arrange(sources, { format, commit, folder }, write)) };
  } finally {
    closeSync(fd);
  }
}

/** A repository with versions of a file, and its objects. */
function repository(
  folder: string,
  format?: HashAlgorithm,
): { source: string; commit: string; all: string[] } {
  const source = join(folder, "source");
  sampleRepository(source, format);
  const numbers = Array.from({ length: 3000 }, (_, n) => String(n));
  for (let version = 0; version < 8; version++) {
    writeFiles(source, { [`numbers-${version}`]: numbers.with(version * 9, "changed").join("\n") });
  }
  const commit = commitAll(source, "Numbers");
  const listed = git(source, ["rev-list", "--objects", "--no-object-names", "--no-walk", commit]);
  return { source, commit, all: listed.split("\n") };
}

function pack(source: string, start: string, ids: readonly string[], options: readonly string[]): PackFiles {
  const args = ["-c", "pack.writeReverseIndex=false", "pack-objects", "-q", ...options, start];
  const name = git(source, args, ids.join("\n"));
  return { pack: `${start}-${name}.pack`, idx: `${start}-${name}.idx` };
}

for (const [how, options] of [
  ["deltas that give their base by offset", ["--delta-base-offset"]],
  ["deltas that give their base by id", []],
] as const)
  for (const format of HASH_ALGORITHMS) {
    test(`several PACKs with ${how} become one that git accepts, whose IDX is git's (${format})`, async (t) => {
      const folder = temporaryFolder(t);
      const { source, commit, all } = repository(folder, format);
      const sources = [0, 1, 2].map((part) => {
        const ids = all.filter((_, index) => index % 3 === part);
        return pack(source, join(folder, `part-${part}`), ids, options);
      });
      const made = await arrangeInto(folder, sources, commit, format);
      t.is(made.packBytes, readFileSync(made.pack).length);
      // The commit's parent is not there.
      git(folder, ["init", "--quiet", "--bare", "check.git"]);
      git(folder, [
        "index-pack",
        `--object-format=${format}`,
        "--index-version=2",
        "-o",
        "arranged.idx",
        "arranged.pack",
      ]);
      t.true(readFileSync(made.idx).equals(readFileSync(join(folder, "arranged.idx"))));
      const verified = git(folder, ["verify-pack", `--object-format=${format}`, "-v", "arranged.idx"]);
      for (const id of all) t.true(verified.includes(id), id);
      t.regex(verified, /chain length = 1: \d+ object/);
      for (const { idx } of sources) t.false(existsSync(idx), "IDXs are deleted");
      t.false(existsSync(join(folder, "ids")));
    });
  }

for (const format of HASH_ALGORITHMS) {
  test(`objects that the commit does not reach come last, and a commit that is not there is no error (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const { source, commit, all } = repository(folder, format);
    const stray = git(source, ["hash-object", "-w", "--stdin"], "stray");
    const made = await arrangeInto(
      folder,
      [pack(source, join(folder, "all"), [stray, ...all], [])],
      commit,
      format,
    );
    git(folder, ["index-pack", `--object-format=${format}`, "-o", "arranged.idx", "arranged.pack"]);
    const offsets = git(folder, ["verify-pack", `--object-format=${format}`, "-v", "arranged.idx"])
      .split("\n")
      .filter((line) => /^[0-9a-f]{40,} /.test(line))
      .map((line) => [line.slice(0, line.indexOf(" ")), Number(line.split(/ +/)[4])] as const)
      .sort((a, b) => a[1] - b[1]);
    t.is(offsets.at(-1)![0], stray);
    t.is(offsets.length, all.length + 1);
    t.is(made.packBytes, readFileSync(made.pack).length);
    const missing = "01".repeat(ID_LENGTHS[format]);
    await t.notThrowsAsync(
      arrangeInto(temporaryFolder(t), [pack(source, join(folder, "stray"), [stray], [])], missing, format),
    );
  });
}

test("an object in two PACKs is a fault", async (t) => {
  const folder = temporaryFolder(t);
  const { source, commit, all } = repository(folder);
  const twice = [0, 1].map((copy) => pack(source, join(folder, `copy-${copy}`), all, []));
  await t.throwsAsync(arrangeInto(temporaryFolder(t), twice, commit), {
    message: "an object is in two PACKs",
  });
});

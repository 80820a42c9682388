import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { NODE_FORMATS } from "../../reader/node-platform.ts";
import { Repository } from "../reader/repository.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { git, sampleRepository } from "./sandbox.ts";

for (const format of HASH_ALGORITHMS) {
  test(`every form of a revision is resolved as git resolves it (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const { first, second, other } = sampleRepository(folder, format);
    git(folder, ["tag", "light", first]);
    git(folder, ["tag", "--annotate", "--message", "m", "annotated", other]);
    git(folder, ["tag", "--annotate", "--message", "m", "nested", "annotated"]);
    git(folder, ["update-ref", "refs/remotes/origin/main", other]);
    const image = join(folder, "x.img");
    for (const [ref, commit] of [
      [undefined, second],
      ["HEAD", second],
      ["main", second],
      ["heads/main", second],
      ["refs/heads/other", other],
      ["light", first],
      ["annotated", other],
      ["refs/tags/nested", other],
      ["origin/main", other],
      [first, first],
      [first.toUpperCase(), first],
      [first.slice(0, 10), first],
      [first.slice(0, -1), first],
      // A full id of SHA-1 is a short one of SHA-256.
      [first.slice(0, 40), first],
      ["main~1", first],
      ["HEAD^", first],
      ["annotated^{commit}", other],
      [git(folder, ["rev-parse", "annotated"]), other],
    ] as const) {
      t.is((await makeImage({ repository: folder, image, ref })).commit, commit, ref);
    }
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`a revision that is missing, ambiguous, or no commit is refused (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const { first, other } = sampleRepository(folder, format);
    git(folder, ["tag", "v1", first]);
    git(folder, ["tag", "other", first]);
    git(folder, ["tag", "a-blob", "HEAD:README.md"]);
    t.not(first, other);
    const make = (ref: string) => makeImage({ repository: folder, image: join(folder, "x.img"), ref });
    const missing =
      /no branch, tag or commit nope; it has the branches main, other and the tags a-blob, other, v1$/;
    await failsWith(t, "REF_NOT_FOUND", () => make("nope"), missing);
    await failsWith(t, "REF_NOT_FOUND", () => make("--all"));
    const lengths = new RegExp(`; its ids have ${first.length} digits$`);
    for (const digits of [40, 64]) {
      const hint = digits === first.length ? /0{40}/ : lengths;
      await failsWith(t, "REF_NOT_FOUND", () => make("0".repeat(digits)), hint);
    }
    // git may ignore what follows the digits of SHA-1.
    await failsWith(t, "REF_NOT_FOUND", () => make(`${first}0`), lengths);
    await failsWith(t, "REF_NOT_FOUND", () => make(first.padEnd(64, "0").padEnd(65, "1")), lengths);
    await failsWith(t, "REF_NOT_FOUND", () => make(`${first}0~0`));
    const digits = "f".repeat(first.length + 2);
    git(folder, ["branch", digits, first]);
    t.is((await make(digits)).commit, first);
    t.is((await make(`${digits}~0`)).commit, first);
    git(folder, ["branch", "--delete", "--force", digits]);
    rmSync(join(folder, "x.img"));
    await failsWith(t, "REF_NOT_FOUND", () => make("1234567"));
    await failsWith(t, "REF_AMBIGUOUS", () => make("other"), /refs\/tags\/other or refs\/heads\/other/);
    await failsWith(t, "NOT_A_COMMIT", () => make("a-blob"), /a-blob in .* is a blob, not a commit/);
    await failsWith(t, "NOT_A_COMMIT", () => make("main:src"), /is a tree/);
    t.false(readdirSync(folder).includes("x.img"));
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`a short id of several commits is refused (${format})`, async (t) => {
    using repository = new Repository(NODE_FORMATS[format]);
    const tree = repository.writeTree([]);
    // Of 600 commits two are all but sure to share four digits; these always do, as nothing in them changes.
    const ids = Array.from({ length: 600 }, (_, i) => repository.writeCommit(tree, `${i}\n`).slice(0, 4));
    const shared = ids.find((id, i) => ids.indexOf(id) < i)!;
    t.truthy(shared);
    const image = join(temporaryFolder(t), "x.img");
    const make = () => makeImage({ repository: repository.path, image, ref: shared });
    await failsWith(t, "REF_AMBIGUOUS", make, /several ids/);
  });
}

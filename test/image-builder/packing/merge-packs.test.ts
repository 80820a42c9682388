import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { mergePacks } from "../../../image-builder/packing/merge-packs.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { git, sampleRepository, writeFiles } from "../sandbox.ts";

test("git accepts the PACK that is merged of several, and its IDX is the one that git makes", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  sampleRepository(source);
  const numbers = Array.from({ length: 3000 }, (_, n) => String(n));
  for (let version = 0; version < 8; version++) {
    writeFiles(source, { [`numbers-${version}`]: numbers.with(version * 9, "changed").join("\n") });
  }
  git(source, ["add", "."]);
  git(source, ["commit", "--quiet", "-m", "Numbers"]);
  const all = git(source, ["rev-list", "--objects", "--no-object-names", "--all"]).split("\n");
  const packs = [0, 1, 2].map((part) => {
    const ids = all.filter((_, index) => index % 3 === part);
    const start = join(folder, `part-${part}`);
    const name = git(
      source,
      ["-c", "pack.writeReverseIndex=false", "pack-objects", "-q", "--delta-base-offset", start],
      ids.join("\n"),
    );
    return { pack: `${start}-${name}.pack`, idx: `${start}-${name}.idx` };
  });
  const merged = await mergePacks(packs, folder);
  t.deepEqual(readdirSync(folder).sort(), ["merged.idx", "merged.pack", "source"]);
  git(folder, ["index-pack", "--strict", "-o", "check.idx", "merged.pack"]);
  t.true(readFileSync(merged.idx).equals(readFileSync(join(folder, "check.idx"))));
  const verified = git(folder, ["verify-pack", "-v", "merged.idx"]);
  for (const id of all) t.true(verified.includes(id), id);
  t.regex(verified, /chain length = 1: \d+ object/);
});

test("mergePacks returns a single PACK as it is, and readIdx reads offsets of any size", async (t) => {
  const files = { pack: "/nowhere.pack", idx: "/nowhere.idx" };
  t.is(await mergePacks([files], "/"), files);
});

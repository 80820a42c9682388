import { join } from "node:path";
import test from "ava";
import { HASH_ALGORITHMS } from "../../../reader/git/object-format.ts";
import { FollowedRepository } from "../../../scripts/serving/followed-repository.ts";
import { openImage } from "../../image-builder/opened-image.ts";
import { commitAll, git, sampleRepository, writeFiles } from "../../image-builder/sandbox.ts";
import { gitDaemon } from "../../image-builder/servers.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

for (const format of HASH_ALGORITHMS) {
  test(`each new commit of a ${format} repository that is followed becomes an image, by every transport`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    sampleRepository(source, format);
    const bundle = join(folder, "x.bundle");
    const update = (content: string) => {
      writeFiles(source, { "README.md": content });
      const commit = commitAll(source, content);
      git(source, ["bundle", "create", "--quiet", bundle, "HEAD"]);
      return commit;
    };
    const image = join(folder, "x.img");
    const { signal } = new AbortController();
    for (const repository of [source, bundle, `${await gitDaemon(t, folder)}/source/.git`]) {
      const commit = update(`first of ${repository}`);
      const options = { repository, every: 1, withoutDeltas: false };
      const followed = new FollowedRepository(options, image, undefined);
      t.true(await followed.look(signal), repository);
      t.is(openImage(t, image).commit, commit);
      followed.onServed(commit);
      t.false(await followed.look(signal), repository);
      const next = update(`second of ${repository}`);
      t.true(await followed.look(signal), repository);
      t.is(openImage(t, image).commit, next);
    }
  });
}

import { chmodSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { otherThan } from "./formats.ts";
import { openImage, reachedObjects } from "./opened-image.ts";
import { sampleRepository } from "./sandbox.ts";
import { sshCommand, sshd } from "./sshd.ts";
import { userEnvironment } from "./user-environment.ts";

for (const format of HASH_ALGORITHMS) {
  test.serial(
    `ssh:// and user@host:path, work with a key, and fail without one rather than ask (${format})`,
    async (t) => {
      const folder = temporaryFolder(t);
      chmodSync(folder, 0o755);
      const source = join(folder, "source");
      const { second, other } = sampleRepository(source, format);
      const { user, port, configuration, withoutKey } = await sshd(t);
      const [withKey, without] = [await sshCommand(configuration), await sshCommand(withoutKey)];
      userEnvironment(t, { "core.sshCommand": withKey });
      const image = join(folder, "x.img");
      const path = `${source}/.git`;
      for (const repository of [
        `ssh://${user}@127.0.0.1:${port}${path}`,
        `${user}@git-server:${path}`,
        `ssh://${user}@git-server${path}`,
      ]) {
        t.is((await makeImage({ repository, image })).commit, second, repository);
        t.deepEqual(openImage(t, image).objects, reachedObjects(source, second), repository);
        t.is((await makeImage({ repository, image, ref: "other" })).commit, other, repository);
      }
      const asked = { repository: `${user}@git-server:${path}`, image, objectFormat: otherThan(format) };
      await failsWith(t, "OBJECT_FORMAT", () => makeImage(asked), /git-server/);
      const nowhere = `${user}@git-server:/nowhere`;
      await failsWith(t, "FETCH_FAILED", () => makeImage({ repository: nowhere, image }), /nowhere/);
      userEnvironment(t, { "core.sshCommand": without });
      const repository = `${user}@git-server:${path}`;
      await failsWith(t, "FETCH_FAILED", () => makeImage({ repository, image }), /Permission denied/);
    },
  );
}

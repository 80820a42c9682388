import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { otherThan } from "./formats.ts";
import { lighttpd, PASSWORD, USER } from "./lighttpd.ts";
import { openImage, reachedObjects } from "./opened-image.ts";
import { sampleRepository } from "./sandbox.ts";
import { userEnvironment } from "./user-environment.ts";

function withUser(url: string, user: string, password?: string): string {
  const secret = password === undefined ? "" : `:${encodeURIComponent(password)}`;
  return url.replace("://", `://${user}${secret}@`);
}

for (const format of HASH_ALGORITHMS) {
  test.serial(
    `http:// and https://, the certificate trusted through git's settings or not at all (${format})`,
    async (t) => {
      const folder = temporaryFolder(t);
      const { second, other } = sampleRepository(join(folder, "source"), format);
      const server = await lighttpd(t, folder);
      const image = join(folder, "x.img");
      const expected = reachedObjects(join(folder, "source"), second);
      t.is((await makeImage({ repository: `${server.http}/source/.git`, image })).commit, second);
      t.deepEqual(openImage(t, image).objects, expected);
      const asked = { repository: `${server.http}/source/.git`, image, objectFormat: otherThan(format) };
      await failsWith(t, "OBJECT_FORMAT", () => makeImage(asked), /source\/\.git is a sha/);
      const secure = `${server.https}/source/.git`;
      userEnvironment(t, {});
      const error = await failsWith(t, "FETCH_FAILED", () => makeImage({ repository: secure, image }));
      t.regex(error.message, /certificate/i);
      userEnvironment(t, { "http.sslCAInfo": server.certificate });
      t.is((await makeImage({ repository: secure, image })).commit, second);
      t.deepEqual(openImage(t, image).objects, expected);
      t.is((await makeImage({ repository: secure, image, ref: "other" })).commit, other);
      t.is((await makeImage({ repository: secure, image, ref: other })).commit, other);
    },
  );
}

test.serial(
  "basic authentication takes the password of the URL or of a helper, and fails with a wrong one or none",
  async (t) => {
    const folder = temporaryFolder(t);
    const { second } = sampleRepository(join(folder, "source"));
    const { https, certificate } = await lighttpd(t, folder);
    const repository = `${https}/private/source/.git`;
    const image = join(folder, "x.img");
    const make = (url: string) => makeImage({ repository: url, image });
    const helper = `!f() { test "$1" = get && cat '${join(folder, "answer")}'; }; f`;
    userEnvironment(t, { "http.sslCAInfo": certificate, "credential.helper": helper });

    // A helper that knows nothing must not matter when the URL has it all.
    t.is((await make(withUser(repository, USER, PASSWORD))).commit, second);
    t.false(readFileSync(image).includes(PASSWORD));
    await failsWith(t, "FETCH_FAILED", () => make(repository), /terminal prompts disabled|could not read/i);
    for (const wrong of ["secret-and-wrong", `${PASSWORD}x`]) {
      const error = await failsWith(t, "FETCH_FAILED", () => make(withUser(repository, USER, wrong)));
      t.regex(error.message, /Authentication failed/);
      const shown = `${error.message}${error.stack}${error.cause}`;
      t.false(shown.includes(wrong) || shown.includes(encodeURIComponent(wrong)));
    }

    writeFileSync(join(folder, "answer"), `username=${USER}\npassword=${PASSWORD}\n`);
    t.is((await make(repository)).commit, second);
    t.is((await make(withUser(repository, USER))).commit, second);
    t.deepEqual(readdirSync(folder).sort(), ["answer", "source", "x.img"]);
  },
);

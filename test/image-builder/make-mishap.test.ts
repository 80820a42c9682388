import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { lighttpd } from "./lighttpd.ts";
import { openImage, reachedObjects } from "./opened-image.ts";
import { commitAll, git, writeFiles } from "./sandbox.ts";
import { faultyRelay, gitDaemon, type Mishap, silentServer } from "./servers.ts";
import { useSsh } from "./sshd.ts";

test.before(useSsh);

const BLOB = 1_000_000;

/** A repository with a megabyte that does not compress, served in two ways; both by way of a relay. */
async function servers(t: ExecutionContext, folder: string) {
  const source = join(folder, "source");
  git(folder, ["init", "--quiet", "source"]);
  writeFiles(source, { noise: randomBytes(BLOB) });
  const commit = commitAll(source, "Noise");
  const urls = [
    `${await gitDaemon(t, folder)}/source/.git`,
    `${(await lighttpd(t, folder)).http}/source/.git`,
  ];
  const relayed = async (url: string, limit: number, mishap: Mishap) => {
    const there = new URL(url.replace("git:", "http:"));
    return url.replace(there.port, `${await faultyRelay(t, Number(there.port), limit, mishap)}`);
  };
  return { source, commit, urls, relayed };
}

test("a server that dies half way fails the fetch, and so does one that stops sending half way", async (t) => {
  const folder = temporaryFolder(t);
  const { source, commit, urls, relayed } = await servers(t, folder);
  const image = join(folder, "x.img");
  for (const url of urls) {
    const cut = await relayed(url, BLOB / 2, "cut");
    await failsWith(t, "FETCH_FAILED", () => makeImage({ repository: cut, image }));
    const stalled = await relayed(url, BLOB / 2, "stall");
    const error = await failsWith(t, "TIMEOUT", () => makeImage({ repository: stalled, image, timeout: 1 }));
    t.true(error.message.startsWith(`${stalled}: no data for 1 second;`), error.message);
    t.deepEqual(readdirSync(folder), ["source"]);
  }
  // The relay does no harm by itself.
  const whole = await relayed(urls[0]!, 2 * BLOB, "cut");
  t.is((await makeImage({ repository: whole, image, timeout: 60 })).commit, commit);
  t.deepEqual(openImage(t, image).objects, reachedObjects(source, commit));
});

test("a server that never answers fails the fetch after the timeout", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "x.img");
  const address = await silentServer(t);
  for (const scheme of ["git", "http", "https", "ssh"]) {
    const repository = `${scheme}://${address}/x`;
    await failsWith(
      t,
      "TIMEOUT",
      () => makeImage({ repository, image, timeout: 1 }),
      /no data for 1 second; --timeout/,
    );
  }
  for (const timeout of [0, -1, 0.5, Number.NaN, 2 ** 31]) {
    await failsWith(t, "BAD_TIMEOUT", () => makeImage({ repository: `git://${address}/x`, image, timeout }));
  }
  t.deepEqual(readdirSync(folder), []);
});

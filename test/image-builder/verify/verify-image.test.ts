import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { formatVerification, makeImage, verifyImage } from "../../../image-builder/index.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import { algorithmOf } from "../../../reader/git/object-format.ts";
import { ALL_IMAGES, FIXTURES, IMAGES } from "../../fixtures.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { failsWith } from "../failure.ts";
import { commitAll, git, gitBytes, writeFiles } from "../sandbox.ts";

test("the images verify, and print what the original prints", async (t) => {
  for (const [path, expected] of ALL_IMAGES) {
    const verification = await verifyImage(path);
    const { commit, root } = expected;
    const hash = algorithmOf(commit);
    t.like(verification, { hash, commit, root, unreachable: 0 }, path);
    t.is(Buffer.from(formatVerification(verification)).toString(), expected.verifyOutput!, path);
    t.is(verification.sizes.image, readFileSync(path).length);
    t.deepEqual(JSON.parse(JSON.stringify(verification)).commit, commit);
  }
});

test("formatVerification prints SGR colours", async (t) => {
  const path = join(FIXTURES, "small.img");
  const { commit, root } = IMAGES.get("small.img")!;
  t.is(
    Buffer.from(formatVerification(await verifyImage(path), { color: true })).toString(),
    `\x1b[34mcommit\x1b[m\t: \x1b[33m${commit}\x1b[m\n` +
      '\x1b[34mauthor\x1b[m\t: "Dr. Greenthumb" <noreply@cypress.hill>\n' +
      `\x1b[34mroot\x1b[m\t: \x1b[33m${root}\x1b[m\n\n`,
  );
});

test("bytes of a commit that are no text are printed as they are", async (t) => {
  const folder = temporaryFolder(t);
  git(folder, ["init", "--quiet"]);
  writeFiles(folder, { a: "a" });
  commitAll(folder, "x");
  const tree = git(folder, ["rev-parse", "HEAD^{tree}"]);
  const who = 'J\xf6rg "the\tbyte" \\ <j\xf6rg@x> 1602316800 +0200';
  const raw = `tree ${tree}\nauthor ${who}\ncommitter ${who}\nencoding ISO-8859-1\ngpgsig -----BEGIN\n \n author <x>\n\nGr\xfc\xdfe\n\nauthor Eve <e> 1 +0000\n`;
  const commit = gitBytes(
    folder,
    ["hash-object", "-t", "commit", "-w", "--stdin"],
    Buffer.from(raw, "latin1"),
  );
  git(folder, ["update-ref", "HEAD", commit.toString().trim()]);
  const image = join(folder, "x.img");
  await makeImage({ repository: folder, image });
  const verification = await verifyImage(image);
  t.is(
    Buffer.from(formatVerification(verification)).toString("latin1"),
    `commit\t: ${commit.toString()}author\t: "J\\246rg \\"the\\tbyte\\" \\\\" <j\xf6rg@x>\nroot\t: ${tree}\n\nGr\xfc\xdfe\n\nauthor Eve <e> 1 +0000\n\n`,
  );
});

test("a file that is no image, or cannot be read, is refused", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "x.img");
  await failsWith(t, "IMAGE_NOT_FOUND", () => verifyImage(path));
  await failsWith(t, "IMAGE_UNREADABLE", () => verifyImage(folder));
  writeFileSync(path, "");
  const empty = await failsWith(t, "INVALID_IMAGE", () => verifyImage(path));
  t.true(empty instanceof InvalidImageError);
  t.like(empty, { fault: "header", offset: 0 });
  t.regex(empty.message, /^invalid image: only 0 bytes long, a header has 28 \(at byte 0\)$/);
  writeFileSync(path, readFileSync(join(FIXTURES, "small.img")));
  truncateSync(path, 8000);
  t.like(await failsWith(t, "INVALID_IMAGE", () => verifyImage(path)), { fault: "header" });
});

/** Makes an image of some 10 MB. @returns its path. */
async function largeImage(t: ExecutionContext): Promise<string> {
  const folder = temporaryFolder(t);
  const files: Record<string, string> = {};
  let state = 1;
  for (let i = 0; i < 3000; i++) {
    // Poor randomness compresses badly and is the same on every run.
    const words = Array.from({ length: 600 }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state.toString(36);
    });
    files[`site/${i % 40}/${i}`] = words.join(" ");
  }
  writeFiles(folder, files);
  const image = join(folder, "x.img");
  await makeImage({ repository: join(folder, "site"), image });
  return image;
}

test("an image larger than the cache verifies", async (t) => {
  const { sizes, objects } = await verifyImage(await largeImage(t));
  t.true(sizes.pack > 8 * 1024 * 1024);
  t.is(objects.blob, 3000);
});

test("an aborted verification throws the signal's reason", async (t) => {
  const path = join(FIXTURES, "similar.img");
  const reason = new Error("enough");
  t.is(await t.throwsAsync(verifyImage(path, { signal: AbortSignal.abort(reason) })), reason);
  // One that takes more than a few milliseconds.
  const large = await largeImage(t);
  const controller = new AbortController();
  const verified = verifyImage(large, { signal: controller.signal });
  setImmediate(() => controller.abort(reason));
  t.is(await t.throwsAsync(verified), reason);
});

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { HASH_ALGORITHMS, HASH_NAMES, ID_LENGTHS } from "../../../reader/git/object-format.ts";
import { SHA256 } from "../../../reader/node-platform.ts";
import { connect } from "../../../reader/store/connect.ts";
import { bothFormats, type MadeImage } from "../../both-formats.ts";
import { makeImage as makePackImage, whole } from "../../reader/pack-fixture.ts";
import { git } from "../../scripts/docteur.ts";
import { readZip } from "../archive/read-zip.ts";
import { type Answer, served } from "./served.ts";

const both = bothFormats(test);

const serve = (t: ExecutionContext, { image }: MadeImage, args: readonly string[] = []) =>
  served(t, readFileSync(image), { args });

const idOf = async ({ repository }: MadeImage, path: string) =>
  (await git(repository, "rev-parse", `HEAD:${path}`)).toString().trim();

for (const hash of HASH_ALGORITHMS) {
  const digits = 2 * ID_LENGTHS[hash];

  test(`every file is sent with its id as its tag, whole, in ranges, and not at all (${hash})`, async (t) => {
    const made = both[hash];
    const { get } = await serve(t, made);
    for (const path of [
      "README.md",
      "empty.txt",
      "story-1.txt",
      "story-2.txt",
      "large.bin",
      "many/file-7.txt",
    ]) {
      const id = await idOf(made, path);
      const content = await git(made.repository, "show", `HEAD:${path}`);
      const whole = await get(`/${path}`);
      t.is(whole.status, 200);
      t.is(whole.headers.etag, `"${id}"`);
      t.true(whole.body.equals(content), path);
      t.is((await get(`/${path}`, {}, "HEAD")).headers.etag, `"${id}"`);
      for (const list of [`"${id}"`, `W/"${id}"`, `"x", "${id}"`, "*"]) {
        const { status, headers, body } = await get(`/${path}`, { "if-none-match": list });
        t.deepEqual([status, headers.etag, body.length], [304, `"${id}"`, 0], list);
      }
      for (const other of [id.slice(1), id.slice(0, digits / 2), made.otherId]) {
        t.is((await get(`/${path}`, { "if-none-match": `"${other}"` })).status, 200);
        t.is((await get(`/${path}`, { "if-match": `"${other}"` })).status, 412);
      }
      if (content.length < 10) continue;
      const range = { range: "bytes=2-5", "if-range": `"${id}"` };
      const part = await get(`/${path}`, range);
      t.deepEqual([part.status, part.body], [206, content.subarray(2, 6)]);
      t.is((await get(`/${path}`, { ...range, "if-range": `"${made.otherId}"` })).status, 200);
    }
  });

  test(`an undeltified file is sent as the zlib stream of the image, and a page compressed (${hash})`, async (t) => {
    const made = both[hash];
    const { get } = await serve(t, made, ["--listing"]);
    const image = readFileSync(made.image);
    const store = connect(memoryDevice(image));
    const path = ["story-1.txt", "story-2.txt"].find((each) => store.openCompressed(each) !== undefined)!;
    const content = await git(made.repository, "show", `HEAD:${path}`);
    const answer = await get(`/${path}`, { "accept-encoding": "gzip" });
    t.is(answer.headers["content-encoding"], "gzip");
    t.is(answer.headers.etag, `"${await idOf(made, path)}-gzip"`);
    t.true(gunzipSync(answer.body).equals(content));
    // Without the header and the checksums of either form.
    t.true(image.includes(answer.body.subarray(10, -8)));
    const plain = await get("/many/");
    const page = await get("/many/", { "accept-encoding": "gzip" });
    t.true(gunzipSync(page.body).equals(plain.body));
    t.is(plain.headers.etag, `"${createHash("sha256").update(plain.body).digest("hex")}-page"`);
    t.is(page.headers.etag, plain.headers.etag!.replace(/"$/, '-gzip"'));
    t.is((await get("/many/", { "if-none-match": plain.headers.etag! })).status, 304);
  });

  test(`the page about the image has its ids and names the hash function (${hash})`, async (t) => {
    const made = both[hash];
    const { get } = await serve(t, made);
    const page = (await get("/.docteur/")).body.toString();
    t.true(page.includes(`<code>${made.commit}</code>`));
    t.true(page.includes(`<code>${await idOf(made, "")}</code>`));
    t.true(page.includes(`the ${HASH_NAMES[hash]} of its`));
    const other = hash === "sha1" ? "sha256" : "sha1";
    t.false(page.includes(HASH_NAMES[other]));
    t.regex(page, /Contents<\/th><td>310 files, 4 folders, 2 symbolic links, 1 submodule</);
  });

  test(`a tar is that of git archive, a zip has the same, and both have tags (${hash})`, async (t) => {
    const made = both[hash];
    const { get } = await serve(t, made, ["--downloads"]);
    const tar = await get("/?download=tar");
    const expected = await git(made.repository, "-c", "tar.umask=022", "archive", "--format=tar", "HEAD");
    t.true(tar.body.equals(expected));
    t.is(tar.headers.etag, `W/"${await idOf(made, "")}-tar"`);
    t.is(tar.headers["content-disposition"], `attachment; filename="${made.commit.slice(0, 12)}.tar"`);
    t.is((await get("/?download=tar", { "if-none-match": tar.headers.etag! })).status, 304);
    const zip = await get("/?download=zip");
    t.is(zip.headers.etag, `W/"${await idOf(made, "")}-zip"`);
    const { members, comment } = readZip(zip.body);
    t.is(comment, made.commit);
    const listed = await git(made.repository, "ls-tree", "-r", "-t", "-z", "--name-only", "HEAD");
    const names = members.map(({ name }) => name.toString().replace(/\/$/, ""));
    t.deepEqual(names, listed.toString().split("\0").slice(0, -1));
    const large = members.find(({ name }) => name.toString() === "large.bin")!;
    t.true(large.content.equals(await git(made.repository, "show", "HEAD:large.bin")));
    const docs = await get("/docs/?download=tar", {}, "HEAD");
    t.is(docs.headers.etag, `W/"${await idOf(made, "docs")}-tar"`);
  });
}

/** What of an answer does not depend on ids. Pages show the beginning of the commit's. */
function comparable({ status, headers, body }: Answer, { commit }: MadeImage) {
  const { date: _, etag, ...fields } = headers;
  const text = body.toString("latin1").replaceAll(commit.slice(0, 12), "COMMIT");
  const content = createHash("sha256").update(text).digest("hex");
  return { status, fields, hasTag: etag !== undefined, content };
}

test("an image of either format answers the same, apart from its ids", async (t) => {
  const [first, second] = await Promise.all(
    HASH_ALGORITHMS.map((hash) => serve(t, both[hash], ["--listing", "--downloads", "--spa"])),
  );
  for (const target of [
    "/",
    "/docs",
    "/latest/",
    "/many/",
    "/module/",
    "/nope",
    "/a.b",
    "/%",
    "/na%C3%AFve%20name.txt",
  ]) {
    for (const method of ["GET", "HEAD", "OPTIONS", "POST"]) {
      const [a, b] = [await first!.get(target, {}, method), await second!.get(target, {}, method)];
      t.deepEqual(comparable(a, both.sha1), comparable(b, both.sha256), `${method} ${target}`);
    }
  }
  t.deepEqual([first!.errors, second!.errors], [[], []]);
});

test("a file of a SHA-256 image that is not that of its id gets 500, and a line with the id", async (t) => {
  const right = whole("blob", "right\n", SHA256);
  const wrong = { ...whole("blob", "wrong\n", SHA256), id: right.id };
  const sound = whole("blob", "sound\n", SHA256);
  const { get, errors } = await served(t, makePackImage({ sound, wrong }, [], SHA256));
  t.is((await get("/sound")).headers.etag, `"${sound.id}"`);
  const { status, headers, body } = await get("/wrong");
  t.deepEqual([status, headers.etag], [500, undefined]);
  t.false(body.includes("wrong\n"));
  t.is(errors.length, 1);
  t.regex(errors[0]!, new RegExp(`^serve: /wrong: invalid image: .*${right.id}`));
});

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { type GeneratedEntry, generatedTree, writeGenerated } from "../../reader/generated-tree.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import {
  copy,
  delta,
  imageOfTree,
  insert,
  makeImage,
  ofsDelta,
  treeOf,
  whole,
} from "../../reader/pack-fixture.ts";
import { encodeTree, Repository } from "../../reader/repository.ts";
import { readZip, type ZipMember } from "../archive/read-zip.ts";
import { served } from "./served.ts";
import { MOVIE, STORY, siteImage } from "./site-image.ts";

const DOWNLOADS = { args: ["--downloads"] };
const { image, id, isDelta } = siteImage();
const LEAF = whole("blob", "leaf\n");

/** The image of a commit, what git says of it, and its archive by git. */
function archived(entries: readonly GeneratedEntry[]) {
  using repository = new Repository();
  const commit = writeGenerated(repository, entries);
  const image = assembleImage({ commit, ...repository.pack(commit) });
  const listed = repository.list(commit, "-r", "-t");
  const contents = repository.contents(listed.filter(({ kind }) => kind === "blob").map(({ id }) => id));
  const tar = repository.git(["-c", "tar.umask=022", "archive", "--format=tar", commit]);
  return { image, commit, listed, contents, tar };
}

const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** The modes of git as a zip has them. */
const ZIP_MODES: Readonly<Record<string, number>> = {
  "100644": 0o100644,
  "100755": 0o100755,
  "120000": 0o120777,
  "040000": 0o040755,
  "160000": 0o040755,
};

test("a tar is byte for byte that of git archive, a zip has what git lists", async (t) => {
  await fc.assert(
    fc.asyncProperty(generatedTree, async (entries) => {
      const { image, commit, listed, contents, tar } = archived(entries);
      const { get } = await served(t, image, DOWNLOADS);
      const answer = await get("/?download=tar");
      t.is(answer.status, 200);
      // Git leaves out empty folders.
      if (!listed.some(({ id }) => id === EMPTY_TREE)) t.true(answer.body.equals(tar));
      const { members, comment } = readZip((await get("/?download=zip")).body);
      t.is(comment, commit);
      t.deepEqual(
        members.map(({ name, mode, time, content }) => ({
          name: name.toString("latin1"),
          mode,
          time,
          content,
        })),
        listed.map(({ mode, kind, id, path }) => ({
          name: kind === "blob" ? path : `${path}/`,
          mode: ZIP_MODES[mode]!,
          time: 1602316800,
          content: kind === "blob" ? contents.get(id)! : Buffer.of(),
        })),
      );
      for (const { name, isUtf8 } of members) {
        t.is(isUtf8, Buffer.from(name.toString()).equals(name), name.toString("latin1"));
      }
    }),
    { numRuns: 20 },
  );
});

const entry = (path: string, mode: GeneratedEntry["mode"], content: Uint8Array | string = "") => ({
  path: Buffer.from(path).toString("latin1"),
  mode,
  content: Buffer.from(content),
});

/** Names that no header has room for, an executable, links, an empty folder, a submodule. */
const ODD = archived([
  entry("bin/run", "100755", "#!/bin/sh\n"),
  entry("bin/link", "120000", "run"),
  entry("bin/far", "120000", "t".repeat(150)),
  entry("naïve/日本.txt", "100644", "text\n"),
  entry("empty", "040000"),
  entry("module", "160000"),
  entry("nothing", "100644", ""),
  entry("n".repeat(150), "100644", "long\n"),
  entry(`${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(90)}`, "100644", "deep\n"),
]);

for (const [format, program, args] of [
  ["tar", "tar", (file: string) => ["-xf", file]],
  ["zip", "unzip", (file: string) => ["-q", file]],
  ["zip", "python3", (file: string) => ["-m", "zipfile", "-e", file, "."]],
] as const) {
  test(`${program} extracts a ${format} to what git lists`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "docteur-test-"));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const { get } = await served(t, ODD.image, DOWNLOADS);
    const archive = join(folder, "archive");
    writeFileSync(archive, (await get(`/?download=${format}`)).body);
    const extracting = { cwd: folder, env: { ...process.env, LC_ALL: "C.UTF-8" } };
    const { error, status, stderr } = spawnSync(program, args(archive), extracting);
    if (error !== undefined) return t.pass(t.log(`${program} is not here: ${error.message}`) as undefined);
    t.is(status, 0, stderr.toString());
    rmSync(archive);
    const find = spawnSync("find", [".", "-mindepth", "1", "-printf", "%P\\0%m %y %T@ %l\\n"], extracting);
    const found = new Map(
      find.stdout
        .toString()
        .split("\n")
        .slice(0, -1)
        .map((line) => line.split("\0") as [string, string]),
    );
    // Python's extracts neither modes nor links nor times.
    const isExact = program !== "python3";
    for (const { mode, kind, id, path } of ODD.listed) {
      const name = Buffer.from(path, "latin1").toString();
      const shown = found.get(name);
      t.truthy(shown, name);
      found.delete(name);
      const content = ODD.contents.get(id);
      if (kind === "blob" && mode !== "120000") t.deepEqual(readFileSync(join(folder, name)), content);
      if (!isExact) continue;
      if (mode === "120000") t.regex(shown!, new RegExp(`^777 l .* ${content}$`));
      else if (mode === "100755") t.regex(shown!, /^755 f 1602316800\.0+ $/);
      else if (mode === "100644") t.regex(shown!, /^644 f 1602316800\.0+ $/);
      else t.regex(shown!, /^755 d /);
    }
    t.deepEqual([...found.keys()], []);
  });
}

test("a folder below the root is its own archive, also by a link; a submodule is an empty one", async (t) => {
  const { get } = await served(t, image, DOWNLOADS);
  const names = async (target: string) =>
    readZip((await get(target)).body).members.map(({ name }) => name.toString());
  t.deepEqual(await names("/docs/?download=zip"), ["guide.txt", "index.html"]);
  t.deepEqual(await names("/latest/?x=1&download=zip&y"), ["guide.txt", "index.html"]);
  t.deepEqual(await names("/plain/?download=zip"), [
    "<i>\"&'.txt",
    "a b%20c.txt",
    "deep/",
    "deep/file.json",
    "javascript:alert(1)",
    "naïve.txt",
  ]);
  t.deepEqual(await names("/module/?download=zip"), []);
  const { body } = await get("/plain/?download=tar");
  t.is(body.toString("latin1", 1024, 1024 + 13), "<i>\"&'.txt\0\0\0");
  t.is((await get("/module/?download=tar")).body.length, 10_240);
});

test("fields of a download, HEAD, and conditions", async (t) => {
  const { get } = await served(t, image, DOWNLOADS);
  for (const [target, name, type] of [
    ["/docs/?download=tar", "docs.tar", "application/x-tar"],
    ["/latest/?download=zip", "latest.zip", "application/zip"],
    ["/?download=zip", `${image.toString("hex", 0, 6)}.zip`, "application/zip"],
  ] as const) {
    const { status, headers, body } = await get(target, { range: "bytes=0-9", "accept-encoding": "deflate" });
    t.is(status, 200);
    t.true(body.length > 100);
    t.is(headers["content-disposition"], `attachment; filename="${name}"`);
    t.is(headers["content-type"], type);
    t.is(headers["accept-ranges"], "none");
    t.is(headers["content-length"], undefined);
    t.is(headers["transfer-encoding"], "chunked");
    t.is(headers["content-encoding"], undefined);
    t.is(headers["cache-control"], "no-cache");
    t.is(headers["x-content-type-options"], "nosniff");
    t.regex(headers.etag!, /^W\/"[0-9a-f]{40}-(tar|zip)"$/);
    const head = await get(target, {}, "HEAD");
    const { date: _, "transfer-encoding": __, ...fields } = headers;
    const { date: ___, ...headFields } = head.headers;
    t.deepEqual([head.status, headFields, head.body.length], [200, fields, 0]);
    const unchanged = await get(target, { "if-none-match": headers.etag! });
    t.deepEqual([unchanged.status, unchanged.headers.etag, unchanged.body.length], [304, headers.etag, 0]);
    t.is((await get(target, { "if-match": headers.etag! })).status, 412, "a weak tag matches nothing");
    t.is((await get(target, { "if-match": "*" })).status, 200);
    t.is((await get(target, { "if-none-match": '"x"' })).status, 200);
  }
  const tags = await Promise.all(
    ["/docs/?download=tar", "/docs/?download=zip", "/latest/?download=tar", "/plain/?download=tar"].map(
      async (target) => (await get(target, {}, "HEAD")).headers.etag,
    ),
  );
  t.is(tags[0], tags[2]);
  t.is(new Set(tags).size, 3);
});

test("only folders are downloads, only with the option, and only in formats that there are", async (t) => {
  const [without, { get }] = [await served(t, image), await served(t, image, DOWNLOADS)];
  for (const query of ["?download=tar", "?download=zip"]) {
    t.regex((await without.get(`/${query}`)).body.toString(), /Welcome/);
    t.is((await without.get(`/plain/${query}`)).status, 404);
    const redirect = await get(`/docs${query}`);
    t.deepEqual([redirect.status, redirect.headers.location], [301, `/docs/${query}`]);
    t.is((await get(`/docs/guide.txt${query}`)).body.toString(), "Read me first.\n");
    t.is((await get(`/docs/guide.txt/${query}`)).status, 404);
    t.is((await get(`/nope/${query}`)).status, 404);
    t.is((await get(`/outside/${query}`)).status, 404);
    t.is((await get(`/docs%2F/${query}`)).status, 404);
    t.is((await get(`/%${query}`)).status, 400);
    t.regex((await get(`/.docteur/${query}`)).body.toString(), /This image/);
    t.is((await get(`/${query}`, {}, "POST")).status, 405);
  }
  for (const query of ["?download", "?download=", "?download=rar", "?download=TAR", "?x=download=tar", "?"]) {
    t.regex((await get(`/docs/${query}`)).body.toString(), /<title>Docs/, query);
  }
});

test("a folder's page links its downloads with the option only", async (t) => {
  const page = async (args: string[]) =>
    (await (await served(t, image, { args })).get("/plain/")).body.toString();
  t.regex(
    await page(["--listing", "--downloads"]),
    /<a href="\?download=tar">tar<.*\n?<a href="\?download=zip">zip</,
  );
  t.notRegex(await page(["--listing"]), /download/);
});

test("a zip has the deflate data of the image, and compresses deltas", async (t) => {
  const { get } = await served(t, image, DOWNLOADS);
  const { members } = readZip((await get("/?download=zip")).body);
  const member = (name: string) => members.find((each) => each.name.toString() === name)!;
  for (const name of ["movie.mp4", "story-1.txt", "story-2.txt", "docs/guide.txt"]) {
    t.is(member(name).method, 8);
    t.is(image.includes(member(name).stored), !isDelta(name), name);
  }
  t.true(member("movie.mp4").content.equals(MOVIE));
  const deltified = isDelta("story-1.txt") ? "story-1.txt" : "story-2.txt";
  t.true(member(deltified).stored.length < STORY.length / 2);
  t.is(member("empty.txt").method, 0);
});

/** A file of some MB stored as a delta of another. */
function largeDelta(base: Buffer) {
  const target = Buffer.concat([base, Buffer.from("!")]);
  const first = whole("blob", base);
  const copies: Buffer[] = [];
  for (let at = 0; at < base.length; at += 0xffffff)
    copies.push(copy(at, Math.min(0xffffff, base.length - at)));
  const bytes = delta(base.length, target.length, ...copies, insert(Buffer.from("!")));
  return { image: makeImage({ first, second: ofsDelta(first.id, bytes, target) }), target };
}

test("large deltas are in an archive, compressed if that makes them smaller", async (t) => {
  const text = Buffer.alloc(5 << 20, STORY);
  const noise = Buffer.concat([MOVIE, MOVIE.toReversed()]);
  for (const [base, method] of [
    [text, 8],
    [noise, 0],
  ] as const) {
    const { image, target } = largeDelta(base);
    const { get } = await served(t, image, DOWNLOADS);
    const [zip, tar] = await Promise.all([get("/?download=zip"), get("/?download=tar")]);
    const { members } = readZip(zip.body);
    t.true(members[1]!.content.equals(target));
    t.is(members[1]!.method, deflateRawSync(target).length < target.length ? 8 : 0);
    t.is(members[1]!.method, method);
    t.true(tar.body.includes(target.subarray(-100_000)));
  }
});

/** The image with a byte of a file's stream changed. */
function damaged(stream: Buffer): Buffer {
  const copy = Buffer.from(image);
  copy[copy.indexOf(stream) + stream.length - 6]! ^= 0x55;
  return copy;
}

/** The file that comes after the first pieces of an archive, and one before them. */
const LATE = isDelta("story-1.txt") ? "story-2.txt" : "story-1.txt";
const EARLY = "docs/guide.txt";

/** One of the two stories is a delta of the other, so that both are damaged. */
const STORIES = `(${id("story-1.txt")}|${id("story-2.txt")})`;

async function streamOf(t: ExecutionContext, path: string): Promise<Buffer> {
  const { members } = readZip((await (await served(t, image, DOWNLOADS)).get("/?download=zip")).body);
  return members.find(({ name }) => name.toString() === path)!.stored;
}

test("a damaged file cuts an archive short before its first byte, with a line of error", async (t) => {
  const bytes = damaged(await streamOf(t, LATE));
  for (const format of ["tar", "zip"]) {
    const { get, socket, errors } = await served(t, bytes, DOWNLOADS);
    await t.throwsAsync(get(`/?download=${format}`), { message: /aborted/ });
    t.is(errors.length, 1);
    t.regex(errors[0]!, new RegExp(`^serve: /\\?download=${format}: invalid image: .*${STORIES}`));
    t.is((await get("/docs/?download=zip")).status, 200, "the rest is served");
    for (const version of ["1.0", "1.1"]) {
      const raw = await socket();
      raw.write(`GET /?download=${format} HTTP/${version}\r\nHost: a\r\n\r\n`);
      const said = await raw.closed;
      t.regex(said, /^HTTP\/1\.1 200 OK\r\n/);
      t.is(raw.isReset, version === "1.0", "by which the client knows");
      t.notRegex(said, /\r\n0\r\n\r\n$/);
      t.false(said.includes("story-1.txt"));
    }
    t.is(errors.length, 3);
  }
});

test("a damaged file among the first gets 500", async (t) => {
  const bytes = damaged(await streamOf(t, EARLY));
  for (const format of ["tar", "zip"]) {
    const { get, errors } = await served(t, bytes, DOWNLOADS);
    const { status, headers } = await get(`/?download=${format}`);
    t.deepEqual([status, headers["content-disposition"]], [500, undefined]);
    t.is(errors.length, 1);
  }
});

test("a damaged or missing folder gets 500 before anything is sent", async (t) => {
  const broken = treeOf({ gone: "12".repeat(20) }, "40000");
  for (const format of ["tar", "zip"]) {
    const { get, errors } = await served(t, imageOfTree(broken, [LEAF]), DOWNLOADS);
    t.is((await get(`/?download=${format}`)).status, 500);
    t.is(errors.length, 1);
    t.regex(errors[0]!, /invalid image: .*1212/);
  }
});

test("HTTP/1.0 gets an archive that ends with the connection", async (t) => {
  const whole = await served(t, image, DOWNLOADS);
  for (const more of ["", "Connection: keep-alive\r\n"]) {
    const raw = await whole.socket();
    raw.write(`GET /docs/?download=zip HTTP/1.0\r\n${more}\r\n`);
    const [head, ...rest] = (await raw.closed).split("\r\n\r\n");
    t.notRegex(head!, /chunked|Content-Length|keep-alive/i);
    t.is(readZip(Buffer.from(rest.join("\r\n\r\n"), "latin1")).members.length, 2);
  }
});

/** How many archives are sent at once. */
const AT_ONCE = 4;

test("more downloads at once get 503 until one is complete or its client is gone; others are served", async (t) => {
  const noise = whole("blob", Buffer.concat(Array.from({ length: 4 }, () => MOVIE)));
  const { get, socket } = await served(t, makeImage({ leaf: LEAF, noise }), DOWNLOADS);
  const slow = await Promise.all(Array.from({ length: AT_ONCE }, () => socket()));
  for (const raw of slow) {
    raw.write("GET /?download=tar HTTP/1.1\r\nHost: a\r\n\r\n");
    await raw.said(/^HTTP\/1\.1 200/);
    raw.pause();
  }
  const refused = await get("/?download=zip");
  t.deepEqual([refused.status, refused.headers["retry-after"]], [503, "10"]);
  t.is((await get("/?download=zip", {}, "HEAD")).status, 200);
  t.is((await get("/leaf")).body.toString(), "leaf\n");
  slow[0]!.destroy();
  slow[1]!.resume();
  await slow[1]!.said(/\r\n0\r\n\r\n$/);
  for (let tries = 0; ; tries++) {
    const { status, body } = await get("/?download=zip");
    if (status === 503 && tries < 1000) continue;
    t.is(status, 200);
    t.is(readZip(body).members.length, 2);
    break;
  }
});

test("a client that leaves ends the work for its download", async (t) => {
  const { get, socket, errors } = await served(t, image, DOWNLOADS);
  for (let time = 0; time < 20; time++) {
    const raw = await socket();
    raw.write("GET /?download=zip HTTP/1.1\r\nHost: a\r\n\r\n");
    if (time % 2 === 0) await raw.said(/^HTTP/);
    raw.reset();
  }
  for (let tries = 0; (await get("/docs/?download=zip")).status === 503 && tries < 1000; tries++);
  t.is((await get("/?download=tar")).status, 200);
  t.deepEqual(errors, []);
});

test("a folder of 70,000 entries is a zip with zip64 records", async (t) => {
  const names = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`${100_000 + i}`, LEAF.id]));
  const { get } = await served(t, imageOfTree(treeOf(names), [LEAF]), DOWNLOADS);
  const { members } = readZip((await get("/?download=zip")).body);
  t.is(members.length, 70_000);
  t.true(members.every(({ content }: ZipMember) => content.toString() === "leaf\n"));
});

test("more paths than a million, and a path that no zip can have, get 500 and a line of error", async (t) => {
  let below = treeOf({ leaf: LEAF.id });
  const trees = [below];
  for (let depth = 0; depth < 7; depth++) {
    const { id } = below;
    below = treeOf(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}`, id])), "40000");
    trees.push(below);
  }
  const bomb = await served(t, imageOfTree(below, [LEAF, ...trees.slice(0, -1)]), DOWNLOADS);
  for (const format of ["tar", "zip"]) t.is((await bomb.get(`/?download=${format}`)).status, 500);
  t.is(bomb.errors.length, 2);
  t.regex(bomb.errors[0]!, /^serve: \/\?download=tar: there is more below than 10000\d\d entries/);
  t.is((await bomb.get("/0/0/0/0/?download=zip")).status, 200);

  const long = treeOf({ ["x".repeat(70_000)]: LEAF.id });
  const { get, errors } = await served(t, imageOfTree(long, [LEAF]), DOWNLOADS);
  t.is((await get("/?download=zip")).status, 500);
  t.regex(errors[0]!, /a path of 70000 bytes is too long for a zip/);
  t.is((await get("/?download=tar")).status, 200);
});

test("a link whose target is too long to be one ends an archive", async (t) => {
  const target = whole("blob", Buffer.alloc(2 << 20, "t"));
  const root = whole("tree", encodeTree([{ mode: "120000", name: "l", id: target.id }]));
  const { get, errors } = await served(t, imageOfTree(root, [target]), DOWNLOADS);
  t.is((await get("/?download=zip")).status, 500);
  t.regex(errors[0]!, /l: the link's target has 2097152 bytes/);
});

test("with -v, a line tells the bytes of a download", async (t) => {
  const { get, errors } = await served(t, image, { ...DOWNLOADS, verbose: true });
  const { body } = await get("/docs/?download=tar");
  while (errors.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  t.deepEqual(errors, [`GET /docs/?download=tar 200 ${body.length}`]);
});

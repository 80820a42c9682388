import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { makeImage, type Phase } from "../../image-builder/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { commitAll, git, sampleRepository, writeFiles } from "./sandbox.ts";

const CHILD = join(import.meta.dirname, "make-in-child.ts");

/** Makes an image where no file may be larger than so many KiB, which is what a full disk looks like. */
async function makeWithin(kibibytes: number, temporary: string, args: readonly string[]): Promise<string> {
  const script = `ulimit -f ${kibibytes}; exec "$@"`;
  const command = ["-c", script, "bash", process.execPath, CHILD, ...args];
  try {
    await promisify(execFile)("bash", command, { env: { ...process.env, TMPDIR: temporary } });
    return "";
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

test("a full disk fails make with one line, and the old image stays", async (t) => {
  const folder = temporaryFolder(t);
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  writeFiles(folder, { "site/a": "a", "x.img": "old" });
  // The blocks are larger than what may be written, the PACK is not.
  const said = await makeWithin(900, temporary, [
    join(folder, "site"),
    join(folder, "x.img"),
    String(1024 * 1024),
  ]);
  t.regex(said, /^DISK_FULL: [^\n]*x\.img\n$/);
  t.is(readFileSync(join(folder, "x.img"), "utf8"), "old");
  t.deepEqual(readdirSync(folder).sort(), ["site", "tmp", "x.img"]);
  t.deepEqual(readdirSync(temporary), []);
});

test("a disk that is full before the PACK is written fails make with one line", async (t) => {
  const folder = temporaryFolder(t);
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  // In TMPDIR the large file and the small ones are in two PACKs, in the image they are in one.
  writeFiles(folder, { "site/large": randomBytes(5_000_000), "x.img": "old" });
  for (let i = 0; i < 30; i++) writeFiles(folder, { [`site/${i}`]: randomBytes(100_000) });
  const said = await makeWithin(6000, temporary, [join(folder, "site"), join(folder, "x.img")]);
  t.regex(said, /^DISK_FULL: the image exceeds the largest file size here: [^\n]*x\.img\n$/);
  t.is(readFileSync(join(folder, "x.img"), "utf8"), "old");
  t.deepEqual(readdirSync(folder).sort(), ["site", "tmp", "x.img"]);
  t.deepEqual(readdirSync(temporary), []);
});

test("a full TMPDIR fails make with a line that names TMPDIR", async (t) => {
  const folder = temporaryFolder(t);
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  const noise = randomBytes(1024 * 1024);
  writeFiles(folder, { "site/a": noise, "x.img": "old", "repository/noise": noise });
  const { length } = sampleRepository(join(folder, "repository")).first;
  t.is(length, 40);
  // At 0 not even the first byte fits, of git's or of docteur's own.
  for (const blocks of [0, 300]) {
    for (const source of ["site", "repository"]) {
      const said = await makeWithin(blocks, temporary, [join(folder, source), join(folder, "x.img")]);
      t.is(
        said,
        `DISK_FULL: no space left in ${temporary}: set TMPDIR to a folder with more space\n`,
        source,
      );
      t.is(readFileSync(join(folder, "x.img"), "utf8"), "old");
      t.deepEqual(readdirSync(temporary), []);
    }
  }
  t.deepEqual(readdirSync(folder).sort(), ["repository", "site", "tmp", "x.img"]);
});

test("an abort in any phase leaves nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  writeFiles(site, { noise: randomBytes(6 * 1024 * 1024) });
  for (let i = 0; i < 400; i++) writeFiles(site, { [`page-${i}`]: `page ${i}\n`.repeat(200 + i) });
  writeFileSync(join(folder, "x.img"), "old");
  const repository = join(folder, "repository");
  cpSync(site, repository, { recursive: true });
  git(repository, ["init", "--quiet"]);
  commitAll(repository, "Site");
  for (const [source, repack, phase] of [
    [site, false, "read"],
    [site, false, "compress"],
    [site, false, "write"],
    [repository, false, "count"],
    [repository, false, "pack"],
    [repository, true, "compress"],
  ] as [string, boolean, Phase][]) {
    const controller = new AbortController();
    const reason = new Error(phase);
    const made = makeImage({
      repository: source,
      repack,
      image: join(folder, "x.img"),
      onProgress: (progress) => progress.phase === phase && controller.abort(reason),
      signal: controller.signal,
    });
    t.is(await t.throwsAsync(made), reason, phase);
    t.is(readFileSync(join(folder, "x.img"), "utf8"), "old", phase);
    t.deepEqual(readdirSync(folder).sort(), ["repository", "site", "x.img"], phase);
  }
  const early = makeImage({
    repository: site,
    image: join(folder, "x.img"),
    signal: AbortSignal.abort(new Error("no")),
  });
  await t.throwsAsync(early, { message: "no" });
});

test("a signal while make reads a folder ends it and leaves nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  const site = join(folder, "site");
  for (let i = 0; i < 300; i++) writeFiles(site, { [`noise-${i}`]: randomBytes(100_000) });
  const env = { ...process.env, TMPDIR: temporary };
  const child = spawn(process.execPath, [CHILD, site, join(folder, "x.img")], { env });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  child.stdout.once("data", () => child.kill("SIGTERM"));
  const [status] = await once(child, "close");
  t.is(status, 1);
  t.regex(said, /told to end/);
  t.deepEqual(readdirSync(folder).sort(), ["site", "tmp"]);
  t.deepEqual(readdirSync(temporary), []);
});

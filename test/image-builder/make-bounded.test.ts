import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { verifyImage } from "../../image-builder/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const CHILD = join(import.meta.dirname, "make-in-child.ts");

/** What a git may take of data, in KiB. */
const GIT_DATA = 300_000;

/** Makes an image of a folder by a process of its own. Gives the most KiB of memory that it held. */
async function peakOf(t: ExecutionContext, folder: string, image: string): Promise<number> {
  const programs = temporaryFolder(t);
  const git = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  // A limit on Node itself would meet the address space that it reserves and never uses.
  writeFileSync(join(programs, "git"), `#!/bin/sh\nulimit -d ${GIT_DATA}\nexec ${git} "$@"\n`);
  chmodSync(join(programs, "git"), 0o755);
  const env = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}` };
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, folder, image], { env });
  return Number(/^peak (\d+)$/m.exec(stdout)![1]);
}

test("a file larger than the memory of make becomes an image", async (t) => {
  t.timeout(300_000);
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  mkdirSync(site);
  const file = openSync(join(site, "large"), "wx");
  // Sparse, with something in the middle.
  const size = 700 * 1024 * 1024;
  ftruncateSync(file, size);
  writeSync(file, randomBytes(1024 * 1024), 0, 1024 * 1024, size / 2);
  closeSync(file);
  const image = join(folder, "x.img");
  const peak = await peakOf(t, site, image);
  t.true(peak < 300 * 1024, `${peak} KiB`);
  t.like(await verifyImage(image), { objects: { commit: 1, tree: 1, blob: 1 }, unreachable: 0 });
});

test("100,000 files in one folder", async (t) => {
  t.timeout(300_000);
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  mkdirSync(site);
  const count = 100_000;
  for (let n = 0; n < count; n++) writeFileSync(join(site, `file-${n}.txt`), `file ${n}\n`);
  const image = join(folder, "x.img");
  const peak = await peakOf(t, site, image);
  // 390 to 415 MiB, as the garbage collector has time for it.
  t.true(peak < 500 * 1024, `${peak} KiB`);
  t.like(await verifyImage(image), { objects: { commit: 1, tree: 1, blob: count }, unreachable: 0 });
});

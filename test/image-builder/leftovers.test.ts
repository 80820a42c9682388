import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../image-builder/index.ts";
import {
  removeLeftFolders,
  removeLeftImages,
  temporaryFolderName,
  temporaryImageName,
} from "../../image-builder/leftovers.ts";
import { processName } from "../../reader/process-name.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { listTree, openImage } from "./opened-image.ts";
import { writeFiles } from "./sandbox.ts";

const CHILD = join(import.meta.dirname, "make-in-child.ts");

/** As a name that another process of this user gave, which has ended. */
const ofDead = (name: string) =>
  name.replace(processName(), `${processName().split(".")[0]}.${process.pid}.1`);

test("make removes what makes that were killed in any phase left", async (t) => {
  const folder = temporaryFolder(t);
  const [site, out, scratch] = ["site", "out", "scratch"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const made of [out, scratch]) mkdirSync(made);
  for (let i = 0; i < 300; i++)
    writeFiles(site, { [`noise-${i}`]: randomBytes(20_000), [`text-${i}`]: `text ${i}\n`.repeat(i) });
  const env = { ...process.env, TMPDIR: scratch };
  const start = () => spawn(process.execPath, [CHILD, site, join(out, "x.img")], { env });
  let left = 0;
  for (const phase of ["read", "compress", "write"]) {
    const child = start();
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunk.includes(phase)) child.kill("SIGKILL");
    });
    await once(child, "close");
    left += readdirSync(out).length + readdirSync(scratch).length;
  }
  t.true(left > 0);
  const [status] = await once(start(), "close");
  t.is(status, 0);
  t.deepEqual(readdirSync(out), ["x.img"]);
  t.deepEqual(readdirSync(scratch), []);
});

test("two makes of one image at once do not disturb each other", async (t) => {
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  for (let i = 0; i < 200; i++) writeFiles(site, { [`noise-${i}`]: randomBytes(20_000) });
  const image = join(folder, "x.img");
  const made = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const child = spawn(process.execPath, [CHILD, site, image]);
      return (await once(child, "close"))[0];
    }),
  );
  t.deepEqual(made, [0, 0, 0]);
  t.deepEqual(readdirSync(folder).sort(), ["site", "x.img"]);
});

test("only leftovers are removed", async (t) => {
  const folder = temporaryFolder(t);
  const file = (name: string) => writeFileSync(join(folder, name), "x");
  const living = [temporaryImageName("x.img"), temporaryFolderName()] as const;
  file(living[0]);
  mkdirSync(join(folder, living[1]));
  const strangers = [
    ".x.img.tmp",
    ".x.img.0123456789ab.tmp",
    ofDead(temporaryImageName("x.img")).slice(1),
    `${ofDead(temporaryImageName("x.img"))}x`,
    ofDead(temporaryImageName("x.img")).replace(/-[0-9a-f]{12}/, "-0123"),
    "docteur-abcdef",
  ];
  for (const name of strangers) file(name);
  // Of the wrong kind.
  const folderAsImage = ofDead(temporaryImageName("y.img"));
  mkdirSync(join(folder, folderAsImage));
  const fileAsFolder = ofDead(temporaryFolderName());
  file(fileAsFolder);
  // Links, whatever they lead to.
  writeFiles(folder, { "precious/file": "x" });
  const [toFile, toFolder] = [ofDead(temporaryImageName("z.img")), ofDead(temporaryFolderName())];
  symlinkSync(join(folder, "precious/file"), join(folder, toFile));
  symlinkSync(join(folder, "precious"), join(folder, toFolder));
  const kept = [...living, ...strangers, folderAsImage, fileAsFolder, "precious", toFile, toFolder];
  if (process.getuid?.() === 0) {
    const [another, anothers] = [ofDead(temporaryImageName("w.img")), ofDead(temporaryFolderName())];
    file(another);
    mkdirSync(join(folder, anothers));
    for (const name of [another, anothers]) chownSync(join(folder, name), 12345, 12345);
    kept.push(another, anothers);
  }
  // A leftover, and one of a machine that cannot be asked, too new and old enough.
  file(ofDead(temporaryImageName("x.img")));
  writeFiles(folder, { [`${ofDead(temporaryFolderName())}/deep/file`]: "x" });
  const elsewhere = (name: string) => name.replace(processName(), "1.1.1");
  const [young, old] = [elsewhere(temporaryImageName("v.img")), elsewhere(temporaryImageName("u.img"))];
  for (const name of [young, old]) file(name);
  kept.push(young);
  const yesterday = Date.now() / 1000 - 25 * 60 * 60;
  utimesSync(join(folder, old), yesterday, yesterday);
  await removeLeftImages(folder);
  await removeLeftFolders(folder);
  t.deepEqual(readdirSync(folder).sort(), kept.toSorted());
  t.deepEqual(readdirSync(join(folder, "precious")), ["file"]);
});

test("a folder that is not there, or cannot be listed, is no failure", async (t) => {
  await t.notThrowsAsync(removeLeftImages(join(temporaryFolder(t), "nowhere")));
});

test("temporary files of a make are left out of an image of the folder that they are in", async (t) => {
  const folder = temporaryFolder(t);
  const [other, scratch] = [temporaryImageName("other.img"), temporaryFolderName()];
  writeFiles(folder, {
    "site/a": "a",
    [`site/${other}`]: "half an image",
    [`site/${scratch}/pack`]: "half a pack",
  });
  const image = join(folder, "site/x.img");
  const { commit, notes } = await makeImage({ repository: join(folder, "site"), image });
  t.is(notes.length, 3);
  for (const name of [other, scratch]) {
    t.true(
      notes.some((note) => note.endsWith(`${name} is left out: a running docteur make uses it`)),
      notes.join(),
    );
  }
  const paths = listTree(openImage(t, image).repository, commit).map((record) => record.split("\t")[1]);
  t.deepEqual(paths, ["a"]);
});

test("TMPDIR may be in the folder that is made", async (t) => {
  const folder = temporaryFolder(t);
  for (let i = 0; i < 50; i++) writeFiles(folder, { [`site/${i}`]: randomBytes(20_000) });
  const env = { ...process.env, TMPDIR: join(folder, "site") };
  const child = spawn(process.execPath, [CHILD, join(folder, "site"), join(folder, "x.img")], { env });
  const [status] = await once(child, "close");
  t.is(status, 0);
  const { objects } = openImage(t, join(folder, "x.img"));
  t.is(objects.length, 52);
});

test("the name of an image may be as long as names are", async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, { "site/a": "a" });
  for (const name of ["x".repeat(255), "\u65e5".repeat(85), "\u00e9".repeat(127)]) {
    const image = join(folder, name);
    t.is((await makeImage({ repository: join(folder, "site"), image })).image, image);
  }
});

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { makeImage, type Progress, verifyImage } from "../../image-builder/index.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { FIXTURES, HOLLOW, IMAGES } from "../fixtures.ts";
import { type GeneratedEntry, generatedTree } from "../reader/generated-tree.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { listTree, openImage } from "./opened-image.ts";
import { git, gitBytes, writeFiles } from "./sandbox.ts";

const DATE = "2020-10-10T08:00:00+00:00";

test("the original's folders become the original's commits", async (t) => {
  const image = join(temporaryFolder(t), "x.img");
  for (const [name, expected] of IMAGES) {
    if (!expected.madeFrom?.startsWith("stores/")) continue;
    const { date, blockSize, commit, root } = expected;
    const made = await makeImage({ repository: join(FIXTURES, expected.madeFrom), image, date, blockSize });
    t.is(made.commit, commit, name);
    t.is(made.source, "folder");
    t.deepEqual(made.notes, []);
    t.like(await verifyImage(image), { commit, root, unreachable: 0 });
    t.is(openImage(t, image).commit, commit);
  }
});

test("an empty folder is an empty tree, and so is a root with nothing in it", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "x.img");
  const small = join(folder, "small");
  cpSync(join(FIXTURES, "stores/small"), small, { recursive: true });
  mkdirSync(join(small, "hollow"));
  t.is((await makeImage({ repository: small, image, date: HOLLOW.date })).commit, HOLLOW.commit);
  t.is((await verifyImage(image)).root, HOLLOW.root);

  await makeImage({ repository: join(small, "hollow"), image, date: DATE });
  t.is((await verifyImage(image)).root, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
});

test("a folder's commit has date and author, and ends after the committer line", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "x.img");
  writeFiles(folder, { "site/a": "a" });
  const repository = join(folder, "site");
  const date = "1999-12-31T23:59:59+05:45";
  const { commit } = await makeImage({ repository, image, date, author: "Åse <å@b>" });
  const opened = openImage(t, image);
  const who = "Åse <å@b> 946664099 +0545";
  const tree = git(opened.repository, ["rev-parse", `${commit}^{tree}`]);
  t.is(
    gitBytes(opened.repository, ["cat-file", "commit", commit]).toString(),
    `tree ${tree}\nauthor ${who}\ncommitter ${who}\n`,
  );
});

/** Makes a folder of generated entries; a submodule has no form in a folder. */
function writeFolder(root: Buffer, entries: readonly GeneratedEntry[]): void {
  for (const { path, mode, content } of entries) {
    const target = Buffer.concat([root, Buffer.from("/"), Buffer.from(path, "latin1")]);
    mkdirSync(mode === "040000" ? target : target.subarray(0, target.lastIndexOf("/")), { recursive: true });
    if (mode === "120000") symlinkSync(linkTarget(content), target);
    else if (mode !== "040000") writeFileSync(target, content, { mode: mode === "100755" ? 0o755 : 0o644 });
  }
}

/** What a link can point to: at most 4095 bytes, no NUL, not nothing. */
function linkTarget(content: Buffer): Buffer {
  const target = Buffer.from(content.subarray(0, 200).filter((byte) => byte !== 0));
  return target.length === 0 ? Buffer.from("a") : target;
}

for (const format of HASH_ALGORITHMS) {
  test(`git finds every file of a folder in the image (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const image = join(folder, "x.img");
    let run = 0;
    await fc.assert(
      fc.asyncProperty(generatedTree, async (generated) => {
        const repository = join(folder, `run-${run++}`);
        const entries = generated.filter(({ mode }) => mode !== "160000");
        mkdirSync(repository);
        writeFolder(Buffer.from(repository), entries);
        const made = await makeImage({ repository, image, date: DATE, objectFormat: format });
        const opened = openImage(t, image);
        const listed = new Map(
          listTree(opened.repository, made.commit).map((record) => {
            const [mode, , id, path] = /^(\d+) (\w+) ([0-9a-f]+)\t(.*)$/s.exec(record)!.slice(1);
            return [path!, { mode: mode!, id: id! }];
          }),
        );
        for (const { path, mode, content } of entries) {
          const bytes = mode === "120000" ? linkTarget(content) : content;
          t.is(listed.get(path)?.mode, mode, path);
          if (mode === "040000") continue;
          const found = gitBytes(opened.repository, ["cat-file", "blob", listed.get(path)!.id]);
          t.true(bytes.equals(found), path);
        }
        const files = [...listed.values()].filter(({ mode }) => mode !== "040000").length;
        t.is(files, entries.filter(({ mode }) => mode !== "040000").length);
        await verifyImage(image);
        rmSync(repository, { recursive: true });
      }),
      { numRuns: 6 },
    );
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`large files are streamed, and each content is stored once (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const site = join(folder, "site");
    const large = randomBytes(9 * 1024 * 1024 + 17);
    writeFiles(site, {
      "1-large": large,
      "2-the-same": large,
      "3-small": "after what was taken back",
      "4-text": "line\n".repeat(2_000_000),
      "5-exactly": large.subarray(0, 4 * 1024 * 1024),
      "6-one-more": large.subarray(0, 4 * 1024 * 1024 + 1),
    });
    linkSync(join(site, "3-small"), join(site, "7-hard-link"));
    const image = join(folder, "x.img");
    const { commit } = await makeImage({ repository: site, image, date: DATE, objectFormat: format });
    const opened = openImage(t, image);
    const names = readdirSync(site)
      .sort()
      .map((name) => join(site, name));
    const hashed = git(opened.repository, ["hash-object", "--no-filters", ...names]).split("\n");
    t.deepEqual(
      listTree(opened.repository, commit).map((record) => record.split(/[ \t]/)[2]),
      hashed,
    );
    t.is(opened.objects.length, 1 + 1 + new Set(hashed).size);
    await verifyImage(image);
  });
}

test("progress of a folder counts files and bytes, then objects, each to its end", async (t) => {
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  for (let i = 0; i < 40; i++) writeFiles(site, { [`page-${i}`]: `page ${i}\n`.repeat(200 + i) });
  writeFiles(site, { large: randomBytes(9 * 1024 * 1024), "out/of/it": "x".repeat(1000) });
  symlinkSync("page-1", join(site, "link"));
  const events: Progress[] = [];
  const onProgress = (event: Progress) => events.push(event);
  const image = join(folder, "x.img");
  const made = await makeImage({ repository: site, image, date: DATE, exclude: ["/out"], onProgress });
  for (const [phase, unit, total] of [
    ["read", "bytes", made.fileBytes],
    // The large one is compressed while it is read.
    ["compress", "objects", (await verifyImage(image)).objects.blob - 1 + 2],
  ] as const) {
    const those = events.filter((event) => event.phase === phase);
    t.true(
      those.every((event) => event.unit === unit && event.total === total),
      phase,
    );
    t.deepEqual(
      those.map(({ done }) => done),
      those.map(({ done }) => done).toSorted((a, b) => a - b),
    );
    t.is(those.at(-1)!.done, total, phase);
  }
  t.is(events.findLast(({ phase }) => phase === "read")!.files, made.files);
  // Progress of a large file is reported while it is read.
  t.true(events.some(({ phase, done }) => phase === "read" && done > 1e6 && done < 9e6));
});

test("hard links are files, and their content is stored once", async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, { "site/a": "content\n", outside: "outside\n" });
  mkdirSync(join(folder, "site/sub"));
  linkSync(join(folder, "site/a"), join(folder, "site/sub/b"));
  linkSync(join(folder, "outside"), join(folder, "site/c"));
  const image = join(folder, "x.img");
  const made = await makeImage({ repository: join(folder, "site"), image, date: DATE });
  t.like(made, { files: 3, fileBytes: 24 });
  const { repository, objects } = openImage(t, image);
  const show = (path: string) => git(repository, ["show", `${made.commit}:${path}`]);
  t.deepEqual(["a", "sub/b", "c"].map(show), ["content", "content", "outside"]);
  // A commit, two trees, two contents.
  t.is(objects.length, 5);
});

test("the mode of a file depends on the owner's executable bit alone", async (t) => {
  const folder = temporaryFolder(t);
  const modes = { a: 0o644, b: 0o755, c: 0o500, d: 0o677, e: 0o4755, f: 0o400 };
  for (const [name, mode] of Object.entries(modes)) {
    writeFiles(folder, { [`site/${name}`]: name });
    chmodSync(join(folder, "site", name), mode);
  }
  const image = join(folder, "x.img");
  const { commit } = await makeImage({ repository: join(folder, "site"), image, date: DATE });
  const listed = listTree(openImage(t, image).repository, commit).map((record) => record.slice(0, 6));
  t.deepEqual(listed, ["100644", "100755", "100755", "100644", "100755", "100644"]);
});

test("a .git in a folder is left out, with a note", async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, {
    "site/a": "a",
    "site/sub/.git/HEAD": "x",
    "site/sub/b": "b",
    "site/file/.GIT": "gitdir: x",
  });
  const image = join(folder, "x.img");
  const { commit, notes } = await makeImage({ repository: join(folder, "site"), image, date: DATE });
  const names = git(openImage(t, image).repository, ["ls-tree", "-r", "--name-only", commit]);
  t.deepEqual(names.split("\n"), ["a", "sub/b"]);
  t.is(notes.length, 2);
  t.regex(notes.join("\n"), /site\/file\/\.GIT is left out.*\n.*site\/sub\/\.git is left out/);
});

test("an image in the folder that it is made of does not contain itself", async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, { a: "a" });
  const image = join(folder, "disk.img");
  const first = await makeImage({ repository: folder, image, date: DATE });
  const second = await makeImage({ repository: folder, image, date: DATE });
  t.is(second.commit, first.commit);
  t.regex(second.notes.join(), /disk\.img is left out: it is the image/);
  t.is(git(openImage(t, image).repository, ["ls-tree", "--name-only", second.commit]), "a");
  t.deepEqual(readdirSync(folder).sort(), ["a", "disk.img"]);
});

test("the error for a FIFO, socket or device names it", async (t) => {
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  mkdirSync(site);
  const make = () => makeImage({ repository: site, image: join(folder, "x.img"), date: DATE });
  execFileSync("mkfifo", [join(site, "pipe")]);
  await failsWith(t, "FILE_UNSUPPORTED", make, /site\/pipe is a FIFO/);
  rmSync(join(site, "pipe"));

  // A socket's path is short by nature, so it is bound from within the folder.
  const script = `require("node:net").createServer().listen("socket", () => process.kill(process.pid, "SIGKILL"))`;
  t.throws(() => execFileSync(process.execPath, ["-e", script], { cwd: site, stdio: "ignore" }));
  await failsWith(t, "FILE_UNSUPPORTED", make, /site\/socket is a socket/);
  t.deepEqual(readdirSync(folder), ["site"]);
});

test("symbolic links are links, wherever they point; the folder itself may be one", async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, { "site/a": "a" });
  symlinkSync("/etc/passwd", join(folder, "site/outside"));
  symlinkSync("nowhere", join(folder, "site/dangling"));
  symlinkSync(".", join(folder, "site/loop"));
  symlinkSync("site", join(folder, "link"));
  const image = join(folder, "x.img");
  const { commit } = await makeImage({ repository: join(folder, "link"), image, date: DATE });
  const { repository } = openImage(t, image);
  t.is(git(repository, ["cat-file", "blob", `${commit}:outside`]), "/etc/passwd");
  t.is(git(repository, ["cat-file", "blob", `${commit}:loop`]), ".");
  t.is(git(repository, ["ls-tree", commit]).match(/120000/g)?.length, 3);
});

test("a subfolder of a work tree is packed as a folder", async (t) => {
  const folder = temporaryFolder(t);
  git(folder, ["init", "--quiet"]);
  writeFiles(folder, { "site/untracked": "u", ".gitignore": "*" });
  const made = await makeImage({
    repository: join(folder, "site"),
    image: join(folder, "x.img"),
    ref: "main",
  });
  t.is(made.source, "folder");
  t.regex(made.notes.join(), /-b has no effect/);
});

test("a source that is no folder is refused", async (t) => {
  const folder = temporaryFolder(t);
  writeFiles(folder, { file: "x" });
  symlinkSync("loop", join(folder, "loop"));
  const image = join(folder, "x.img");
  const make = (repository: string) => () => makeImage({ repository: join(folder, repository), image });
  await failsWith(t, "SOURCE_NOT_FOUND", make("nope"), /no such/);
  await failsWith(t, "SOURCE_NOT_FOUND", make("file/x"), /no such/);
  await failsWith(t, "SOURCE_UNREADABLE", make("loop"), /cannot be read: ELOOP/);
  await failsWith(t, "NOT_A_FOLDER", make("file"), /neither/);
  await failsWith(
    t,
    "BAD_BLOCK_SIZE",
    () => makeImage({ repository: folder, image, blockSize: 1000 }),
    /512/,
  );
  t.deepEqual(readdirSync(folder), ["file", "loop"]);
});

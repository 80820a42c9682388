import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage, type Progress, resolveSource } from "../../image-builder/index.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { openImage, reachedObjects } from "./opened-image.ts";
import { git, gitBytes, sampleRepository } from "./sandbox.ts";

/** Writes a bundle of what the arguments name, of a version if they begin with it. @returns its path. */
function bundle(source: string, name: string, ...what: string[]): string {
  const path = join(source, "..", name);
  const version = what[0]?.startsWith("--version=") ? what.splice(0, 1) : [];
  git(source, ["bundle", "create", "--quiet", ...version, path, ...what]);
  return path;
}

/** The versions of bundles that hold a repository of an object format. */
function versions(format: HashAlgorithm): string[] {
  return format === "sha1" ? ["2", "3"] : ["3"];
}

for (const format of HASH_ALGORITHMS) {
  for (const version of versions(format)) {
    test(`a bundle is a repository: its HEAD, branches, tags and commits (${format}, version ${version})`, async (t) => {
      const folder = temporaryFolder(t);
      const source = join(folder, "source");
      const { first, second, other } = sampleRepository(source, format);
      git(source, ["tag", "--annotate", "--message", "A tag", "outer", other]);
      git(source, ["tag", "--annotate", "--message", "A tag of a tag", "outermost", "outer"]);
      const path = bundle(source, "with space.bundle", `--version=${version}`, "--all");
      symlinkSync(path, join(folder, "link"));
      const image = join(folder, "x.img");
      for (const [ref, commit] of [
        [undefined, second],
        ["HEAD", second],
        ["main", second],
        ["refs/heads/other", other],
        ["outermost", other],
        ["main~1", first],
        [first, first],
        [first.slice(0, 7), first],
      ] as const) {
        t.like(await makeImage({ repository: path, image, ref }), { commit, hash: format, notes: [] }, ref);
        t.deepEqual(openImage(t, image).objects, reachedObjects(source, commit), ref);
        t.is(await resolveSource({ repository: path, ref }), commit, ref);
      }
      for (const repository of [`file://${path.replaceAll(" ", "%20")}`, join(folder, "link")]) {
        t.is((await makeImage({ repository, image })).commit, second, repository);
        t.is(await resolveSource({ repository }), second, repository);
      }
      await failsWith(t, "REF_NOT_FOUND", () => makeImage({ repository: path, image, ref: "nope" }), /main/);
      t.deepEqual(readdirSync(folder).sort(), ["link", "source", "with space.bundle", "x.img"]);
    });
  }

  test(`a bundle without a HEAD needs a revision, one without a commit has none (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { first, second } = sampleRepository(source, format);
    git(source, ["tag", "a-tree", "HEAD^{tree}"]);
    const path = bundle(source, "x.bundle", "main", "a-tree");
    const image = join(folder, "x.img");
    const without = /the HEAD of .*x\.bundle names no commit: choose one with -b; it has the branches main/;
    for (const ref of [undefined, "HEAD"]) {
      await failsWith(t, "REF_NOT_FOUND", () => makeImage({ repository: path, image, ref }), without);
      await failsWith(t, "REF_NOT_FOUND", () => resolveSource({ repository: path, ref }), without);
    }
    t.is((await makeImage({ repository: path, image, ref: "main" })).commit, second);
    await failsWith(t, "NOT_A_COMMIT", () => makeImage({ repository: path, image, ref: "a-tree" }));
    // One of a detached HEAD, which is no branch's.
    git(source, ["checkout", "--quiet", "--detach", first]);
    t.is((await makeImage({ repository: bundle(source, "y.bundle", "HEAD"), image })).commit, first);
  });

  test(`a bundle of a part of the history names what it lacks (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { first } = sampleRepository(source, format);
    const path = bundle(source, "x.bundle", "main", `^${first}`);
    const image = join(folder, "x.img");
    const lacks = new RegExp(`x\\.bundle lacks what the commit ${first} has: .*the whole history$`);
    const make = () => makeImage({ repository: path, image, ref: "main" });
    await failsWith(t, "INCOMPLETE_REPOSITORY", make, lacks);
    t.false(readdirSync(folder).includes("x.img"));
  });

  test(`the bundle of a shallow clone has its commit, that of a partial clone lacks files (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { second } = sampleRepository(source, format);
    git(folder, ["clone", "--quiet", "--depth=1", `file://${source}`, "shallow"]);
    const image = join(folder, "x.img");
    const shallow = bundle(join(folder, "shallow"), "shallow.bundle", "HEAD");
    t.is((await makeImage({ repository: shallow, image })).commit, second);
    t.deepEqual(openImage(t, image).objects, reachedObjects(source, second));
    // As git 2.36 and later write it.
    const pack = gitBytes(source, ["pack-objects", "--revs", "--stdout", "--filter=blob:none"], second);
    const header = `# v3 git bundle\n@object-format=${format}\n@filter=blob:none\n${second} HEAD\n\n`;
    const partial = join(folder, "partial.bundle");
    writeFileSync(partial, Buffer.concat([Buffer.from(header), pack]));
    await failsWith(t, "INCOMPLETE_REPOSITORY", () => makeImage({ repository: partial, image }));
  });

  test(`a damaged bundle fails in one line, wherever it is cut short (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    sampleRepository(source, format);
    const bytes = readFileSync(bundle(source, "x.bundle", "HEAD", "main"));
    const damaged = join(folder, "damaged.bundle");
    const image = join(folder, "x.img");
    const make = () => makeImage({ repository: damaged, image });
    const packStart = bytes.indexOf("\n\nPACK") + 2;
    const cuts = [20, packStart - 1, packStart, packStart + 5, packStart + 40, bytes.length - 1];
    for (const length of cuts) {
      writeFileSync(damaged, bytes.subarray(0, length));
      await failsWith(
        t,
        "BAD_BUNDLE",
        make,
        /^the bundle .*damaged\.bundle cannot be read: .*; copy it again/,
      );
    }
    for (const at of [packStart - 10, packStart, packStart + 30, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 0x80, at);
      writeFileSync(damaged, changed);
      // A changed name is a name.
      if (at < packStart - 1) continue;
      await failsWith(t, "BAD_BUNDLE", make);
    }
    t.deepEqual(readdirSync(folder).sort(), ["damaged.bundle", "source", "x.bundle"]);
  });
}

test("a header that no git writes is refused, with the line that is wrong", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  const { second } = sampleRepository(source);
  const bytes = readFileSync(bundle(source, "x.bundle", "HEAD"));
  const pack = bytes.subarray(bytes.indexOf("\n\nPACK") + 2);
  const path = join(folder, "y.bundle");
  const make = () => makeImage({ repository: path, image: join(folder, "x.img") });
  for (const [header, message] of [
    ["# v3 git bundle\n@object-format=md5\n\n", /does not know its capability @object-format=md5/],
    ["# v3 git bundle\n@yet-to-come\n\n", /does not know its capability @yet-to-come/],
    [`# v2 git bundle\n@object-format=sha1\n${second} HEAD\n\n`, /malformed: @object-format=sha1/],
    [`# v2 git bundle\n${"0".repeat(64)} HEAD\n\n`, /malformed: 0{60}\.\.\./],
    [`# v3 git bundle\n@object-format=sha256\n${second} HEAD\n\n`, /malformed/],
    [`# v2 git bundle\n${second}\n\n`, /malformed/],
    [`# v2 git bundle\n${second} \u001b[31m\n\n`, /./],
    [`# v2 git bundle\n${second} refs/x\0${second}\0\n\n`, /malformed/],
    [`# v2 git bundle\n${second} refs/heads/../../../x\n\n`, /refs\/heads\/\.\.\/\.\.\/\.\.\/x/],
    [`# v2 git bundle\n${"1".repeat(40)} refs/heads/main\n\n`, /1{40}/],
    // Git removes the ref, and without HEAD there is no repository.
    [`# v2 git bundle\n${"0".repeat(40)} HEAD\n\n`, /malformed: 0{40} HEAD/],
    [`# v3 git bundle\n@object-format=sha256\n${"0".repeat(64)} refs/heads/main\n\n`, /malformed: 0{60}/],
    [`# v2 git bundle\n-${"0".repeat(40)} none\n${second} HEAD\n\n`, /malformed: -0{40} none/],
    [`# v2 git bundle\n${second} refs/heads/${"a".repeat(100_000)}\n\n`, /^.{100,1500}$/],
  ] as const) {
    writeFileSync(path, Buffer.concat([Buffer.from(header), pack]));
    const error = await failsWith(t, "BAD_BUNDLE", make, message);
    t.notRegex(error.message, /\u001b/);
  }
  writeFileSync(path, Buffer.concat([Buffer.from("# v2 git bundle\n\n"), pack]));
  await failsWith(t, "EMPTY_REPOSITORY", make);
  // Names that a bundle has twice, and more of them than are read at a time.
  const names = Array.from({ length: 3000 }, (_, n) => `${second} refs/tags/a-name-of-some-length-${n}\n`);
  const many = `# v2 git bundle\n${second} HEAD\n${second} HEAD\n${names.join("")}\n`;
  writeFileSync(path, Buffer.concat([Buffer.from(many), pack]));
  t.is((await makeImage({ repository: path, image: join(folder, "x.img") })).commit, second);
});

test("what is no bundle, or no regular file, is refused as any file", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "file");
  const make = () => makeImage({ repository: file, image: join(folder, "x.img") });
  for (const content of ["", "# v2 git", "# v4 git bundle\n", "# v2 git bundles\n", " # v2 git bundle\n"]) {
    writeFileSync(file, content);
    await failsWith(
      t,
      "NOT_A_FOLDER",
      make,
      /file is neither a repository nor a folder nor a bundle of version 2 or 3$/,
    );
  }
  execFileSync("mkfifo", [join(folder, "fifo")]);
  const ofFifo = () => resolveSource({ repository: join(folder, "fifo") });
  await failsWith(t, "NOT_A_FOLDER", ofFifo);
});

test("an image does not replace the bundle that it is made of; options without effect get a note", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  const { second } = sampleRepository(source);
  const path = bundle(source, "x.bundle", "HEAD");
  const before = readFileSync(path);
  await failsWith(t, "IMAGE_PATH", () => makeImage({ repository: path, image: path }), /would replace/);
  t.true(readFileSync(path).equals(before));
  const options = { worktree: true, exclude: ["a"], date: "2020-10-10T08:00:00Z", author: "A <b>" };
  const events: Progress[] = [];
  const made = await makeImage({
    repository: path,
    image: join(folder, "x.img"),
    onProgress: (event) => events.push(event),
    ...options,
  });
  t.is(made.commit, second);
  t.is(made.notes.length, 4);
  t.is(events.find(({ phase, done, total }) => phase === "fetch" && done === total)?.unit, "objects");
});

test("a ref outside of refs/ is found by its name, and is no file of the repository", async (t) => {
  const folder = temporaryFolder(t);
  const source = join(folder, "source");
  const { first, second, other } = sampleRepository(source);
  git(source, ["fetch", "--quiet", ".", "other"]);
  const path = bundle(source, "x.bundle", "HEAD", "FETCH_HEAD");
  const image = join(folder, "x.img");
  for (const ref of ["FETCH_HEAD", "refs/FETCH_HEAD"]) {
    t.is((await makeImage({ repository: path, image, ref })).commit, other);
    t.is(await resolveSource({ repository: path, ref }), other);
  }
  // Git would take a file of each of these names for something else.
  const files = ["commondir", "packed-refs", "config", "shallow", "objects/info/alternates", "index"];
  const bytes = readFileSync(bundle(source, "y.bundle", "HEAD", first));
  const pack = bytes.subarray(bytes.indexOf("\n\nPACK") + 2);
  const lying = join(folder, "z.bundle");
  for (const name of files) {
    const header = `# v2 git bundle\n${first} ${name}\n${second} HEAD\n\n`;
    writeFileSync(lying, Buffer.concat([Buffer.from(header), pack]));
    t.is((await makeImage({ repository: lying, image })).commit, second, name);
    t.is(await resolveSource({ repository: lying, ref: name }), first, name);
  }
});

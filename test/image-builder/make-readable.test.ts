import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { makeImage, verifyImage } from "../../image-builder/index.ts";
import { openFileDevice } from "../../reader/block/file.ts";
import { DocteurError } from "../../reader/errors.ts";
import { HASH_ALGORITHMS, ID_LENGTHS } from "../../reader/git/object-format.ts";
import { NODE_FORMATS } from "../../reader/node-platform.ts";
import { connect } from "../../reader/store/connect.ts";
import { Repository } from "../reader/repository.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";

const WHO = "Ada Lovelace <ada@example.com> 1602316800 +0200";

/** Points the branch `main` at a new commit of a tree. */
function commitTo(repository: Repository, tree: string, author = WHO): string {
  const lines = `tree ${tree}\nauthor ${author}\ncommitter ${author}\n\nmessage\n`;
  const commit = repository.write("commit", Buffer.from(lines, "latin1"));
  repository.git(["update-ref", "refs/heads/main", commit]);
  return commit;
}

const name = fc.constantFrom(
  ...["a", "b", "a.b", "a-b", ".gitignore", "x\\y", ".g\u200cit", "\ufeff.git", "na\u00efve", "git~2"],
  ...[".git", ".GIT", "git~1", ".git.", ".git ", ".git::$INDEX_ALLOCATION", "x\\.git", ".", "..", "a/b", ""],
);
const mode = fc.constantFrom(
  "100644",
  "40000",
  "100755",
  "120000",
  "160000",
  "644",
  "0",
  "040000",
  "100664",
  "8",
);
const entry = fc.record({ mode, name, below: fc.constantFrom("blob", "tree", "as it is") });

for (const format of HASH_ALGORITHMS) {
  test(`what make takes is read, and what it refuses git cannot read either (${format})`, async (t) => {
    const image = join(temporaryFolder(t), "x.img");
    using repository = new Repository(NODE_FORMATS[format]);
    const blob = repository.write("blob", "x");
    const tree = repository.writeTree([{ mode: "100644", name: "f", id: blob }]);
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
    t.log(`SEED=${seed}`);
    let made = 0;
    // One of each that is certain, and chance for the rest.
    const samples = [
      [{ mode: "100644", name: "a", below: "blob" }],
      [{ mode: "100644", name: ".git", below: "blob" }],
      ...fc.sample(fc.array(entry, { minLength: 1, maxLength: 3 }), { numRuns: 40, seed }),
    ];
    for (const [index, entries] of samples.entries()) {
      const listed = entries.map(({ mode, name, below }) => {
        const isTree = below === "as it is" ? /40000$/.test(mode) : below === "tree";
        return { mode, name, id: isTree ? tree : blob };
      });
      const commit = commitTo(
        repository,
        repository.writeTree([{ mode: "40000", name: "top", id: repository.writeTree(listed) }]),
      );
      const shown = JSON.stringify(entries);
      try {
        await makeImage({ repository: repository.path, image, ref: "main", repack: index % 2 === 1 });
      } catch (error) {
        assert.ok(error instanceof DocteurError && !error.message.includes("\n"), shown);
        // A slash, and a tree for a file, git archives as it writes them.
        if (!entries.some(({ name, below }) => name.includes("/") || below === "tree")) {
          assert.throws(() => repository.git(["archive", commit]), shown);
        }
        continue;
      }
      made++;
      await verifyImage(image);
      const names = new Set(repository.list(`${commit}:top`).map(({ path }) => path));
      for (const layout of ["light", "fast"] as const) {
        const store = connect(openFileDevice(image), { layout });
        assert.deepEqual(
          new Set(store.list("top").map(({ rawName }) => Buffer.from(rawName).toString("latin1"))),
          names,
        );
        store.close();
      }
    }
    t.true(made > 0 && made < samples.length, `${made} of ${samples.length} were made`);
  });
}

test("author lines of any form are packed, and read", async (t) => {
  const image = join(temporaryFolder(t), "x.img");
  using repository = new Repository();
  const tree = repository.writeTree([{ mode: "100644", name: "f", id: repository.write("blob", "x") }]);
  for (const [author, name, date] of [
    ["A <a@b>> 1234567890 +0000", "A", 1234567890],
    ["A a@b 1234567890 +0000", "", 0],
    ["A <a\n@b> 1234567890 +0000", "", 0],
    ["A <a@b>", "A", 0],
    ["A <a@b> last week +0000", "A", 0],
    ["A <a@b> 99999999999999999999 +0000", "A", 0],
    ["A <a@b> 1234567890 --700", "A", 0],
    ["J\xf6rg <a@b> 1234567890 +0000\nencoding ISO-8859-1", "Jörg", 1234567890],
  ] as const) {
    const commit = commitTo(repository, tree, author);
    await makeImage({ repository: repository.path, image, ref: "main" });
    const verification = await verifyImage(image);
    t.is(verification.commit, commit);
    t.like(verification.author, { name, date }, author);
    const store = connect(openFileDevice(image));
    t.is(Buffer.from(store.get("f")).toString(), "x");
    t.is(store.lastModified("f").getTime(), date * 1000);
    store.close();
  }
});

test("the error for what cannot be in an image names its path", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "x.img");
  using repository = new Repository();
  const blob = repository.write("blob", "x");
  const tree = (...entries: [mode: string, name: string, id: string][]) =>
    repository.writeTree(entries.map(([mode, name, id]) => ({ mode, name, id })));
  const empty = repository.write("tree", "");
  const refused = async (root: string, message: RegExp) => {
    commitTo(repository, root);
    await failsWith(
      t,
      "UNREADABLE_COMMIT",
      () => makeImage({ repository: repository.path, image, ref: "main" }),
      message,
    );
    t.deepEqual(readdirSync(folder), []);
  };
  const inSource = (...entries: [mode: string, name: string, id: string][]) => {
    const deep = tree(["100644", "a", blob], ["40000", "na\u00efve", tree(...entries)]);
    return tree(["40000", "src", deep], ["40000", "t", empty]);
  };
  await refused(
    inSource(["100644", "git~1", blob]),
    /src\/naïve\/git~1 cannot be in an image: .*\.git; rename it/,
  );
  await refused(inSource(["40000", ".git", empty]), /: src\/naïve\/\.git cannot/);
  await refused(inSource(["100644", "a/b", blob]), /: src\/naïve\/a\/b cannot be in an image: no file can/);
  await refused(
    inSource(["100644", "\n\x1b.git", blob], ["100644", ".git::\n\x1b", blob]),
    /: "src\/na\\303\\257ve\/\.git::\\012\\033" cannot/,
  );
  await refused(
    inSource(["100644", "f", tree(["100644", "x", blob])]),
    /src\/naïve\/f cannot be in an image: a blob is expected, this is a tree/,
  );
  await refused(tree(["40000", "..", empty]), /: \.\. cannot be in an image/);
});

test("a tree too large for the reader is refused", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "x.img");
  using repository = new Repository();
  const entry = Buffer.concat([Buffer.from(`100644 ${"x".repeat(4000)}\0`), Buffer.alloc(20)]);
  const id = repository.write("blob", "x");
  const large = Buffer.concat(
    Array.from({ length: 17_000 }, (_, index) => {
      const one = Buffer.from(entry);
      one.write(String(index).padStart(9, "0"), 7);
      one.set(Buffer.from(id, "hex"), one.length - 20);
      return one;
    }),
  );
  commitTo(
    repository,
    repository.writeTree([{ mode: "40000", name: "large", id: repository.write("tree", large) }]),
  );
  await failsWith(
    t,
    "UNREADABLE_COMMIT",
    () => makeImage({ repository: repository.path, image, ref: "main" }),
    /: large cannot be in an image: .*67108864/,
  );
  t.false(existsSync(image));
});

for (const format of ["sha1"] as const) {
  test(`a few trees that name more paths than can be counted one by one (${format})`, async (t) => {
    const image = join(temporaryFolder(t), "x.img");
    using repository = new Repository(NODE_FORMATS[format]);
    const blob = repository.write("blob", "12345");
    let below = repository.writeTree([
      { mode: "100644", name: "f", id: blob },
      { mode: "160000", name: "module", id: "11".repeat(ID_LENGTHS[format]) },
    ]);
    for (let depth = 0; depth < 30; depth++) {
      const names = Array.from({ length: 10 }, (_, index) => `${index}`);
      below = repository.writeTree(names.map((name) => ({ mode: "40000", name, id: below })));
    }
    commitTo(repository, below);
    const made = await makeImage({ repository: repository.path, image, ref: "main" });
    t.is(made.files.toPrecision(9), (1e30).toPrecision(9));
    t.is(made.fileBytes.toPrecision(9), (5e30).toPrecision(9));
    t.is(made.submodules.length, 10_000);
    t.true(made.submodules.every((path) => /^(\d\/){30}module$/.test(path)));
    await verifyImage(image);
  });
}

test("a refused name at the bottom of deep trees is found", async (t) => {
  const folder = temporaryFolder(t);
  using repository = new Repository();
  const blob = repository.write("blob", "x");
  let below = repository.writeTree([{ mode: "100644", name: "git~1", id: blob }]);
  for (let depth = 0; depth < 1500; depth++) {
    below = repository.writeTree([{ mode: "40000", name: `folder-${depth}`, id: below }]);
  }
  commitTo(repository, below);
  const make = () => makeImage({ repository: repository.path, image: join(folder, "x.img"), ref: "main" });
  const error = await failsWith(
    t,
    "UNREADABLE_COMMIT",
    make,
    /folder-1499\/folder-1498\/.*\.\.\..*\/folder-0\/git~1 cannot/,
  );
  t.true(error.message.length < 1500);
});

test("names that a tree has twice are noted", async (t) => {
  const image = join(temporaryFolder(t), "x.img");
  using repository = new Repository();
  const [first, second] = [repository.write("blob", "first"), repository.write("blob", "second")];
  const entries = [first, second].map((id) => ({ mode: "100644", name: "a", id }));
  commitTo(
    repository,
    repository.writeTree([{ mode: "40000", name: "d", id: repository.writeTree(entries) }]),
  );
  const { notes } = await makeImage({ repository: repository.path, image, ref: "main" });
  t.deepEqual(notes, [
    "where several entries of a folder have the same name, the first is read, as git show does: d/a",
  ]);
  const store = connect(openFileDevice(image));
  t.is(Buffer.from(store.get("d/a")).toString(), repository.git(["show", "main:d/a"]).toString());
  store.close();
});

for (const name of [
  "git~1",
  "GIT~1",
  ".git ",
  ".git...",
  ".GIT::$INDEX_ALLOCATION",
  "test\\.git",
  ".git\\x",
]) {
  test(`a folder with ${JSON.stringify(name)} in it is refused with its path and what helps`, async (t) => {
    const folder = temporaryFolder(t);
    const site = join(folder, "site");
    const image = join(folder, "x.img");
    mkdirSync(join(site, "deep"), { recursive: true });
    writeFileSync(join(site, "README"), "hello");
    writeFileSync(join(site, "deep", name), "x");
    const error = await failsWith(
      t,
      "FILE_UNSUPPORTED",
      () => makeImage({ repository: site, image }),
      /; rename it, or leave it out with --exclude$/,
    );
    t.true(error.message.includes("/deep/"));
    t.deepEqual(readdirSync(folder), ["site"]);
    await makeImage({ repository: site, image, exclude: [name] });
    await verifyImage(image);
  });
}

for (const name of ["git~2", ".g\u200cit", "\ufeff.git", ".gitmodules", "a\\b", "x.git", "..."]) {
  test(`a folder with ${JSON.stringify(name)} in it is read`, async (t) => {
    const folder = temporaryFolder(t);
    const image = join(folder, "x.img");
    mkdirSync(join(folder, "site"));
    writeFileSync(join(folder, "site", name), "content");
    await makeImage({ repository: join(folder, "site"), image });
    await verifyImage(image);
    const store = connect(openFileDevice(image), { layout: "fast" });
    t.is(Buffer.from(store.get(name)).toString(), "content");
    store.close();
  });
}

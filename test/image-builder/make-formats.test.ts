import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage, verifyImage } from "../../image-builder/index.ts";
import { HASH_ALGORITHMS, ID_LENGTHS } from "../../reader/git/object-format.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { otherThan } from "./formats.ts";
import { listTree, openImage, reachedObjects } from "./opened-image.ts";
import { commitAll, git, sampleRepository, writeFiles } from "./sandbox.ts";
import { gitDaemon, httpServer } from "./servers.ts";

for (const format of HASH_ALGORITHMS) {
  test(`a ${format} repository that is asked for as ${otherThan(format)} is refused before anything is fetched`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { second } = sampleRepository(source, format);
    git(folder, ["clone", "--quiet", "--bare", "source", "bare.git"]);
    git(join(folder, "bare.git"), ["update-server-info"]);
    git(source, ["worktree", "add", "--quiet", "--detach", "../linked", "main"]);
    git(source, ["bundle", "create", "--quiet", join(folder, "x.bundle"), "HEAD"]);
    const asked: string[] = [];
    const dumb = await httpServer(t, (request, response) => {
      const { pathname } = new URL(request.url!, "http://x");
      asked.push(pathname);
      try {
        response.end(readFileSync(join(folder, pathname)));
      } catch {
        response.writeHead(404).end();
      }
    });
    const before = readdirSync(folder);
    const image = join(folder, "x.img");
    const places = [source, `file://${source}`, join(folder, "bare.git"), join(folder, "linked")];
    places.push(join(folder, "x.bundle"), `${await gitDaemon(t, folder)}/bare.git`, `${dumb}/bare.git`);
    for (const repository of places) {
      const objectFormat = otherThan(format);
      const refused = new RegExp(`is a ${format} repository.*: leave out --object-format ${objectFormat}$`);
      const make = () => makeImage({ repository, image, objectFormat });
      await failsWith(t, "OBJECT_FORMAT", make, refused);
    }
    t.true(asked.length > 0);
    t.false(
      asked.some((path) => path.includes("/objects/")),
      `${asked}`,
    );
    t.deepEqual(readdirSync(folder), before);
    for (const repository of places) {
      const made = await makeImage({ repository, image, objectFormat: format });
      t.like(made, { commit: second, hash: format }, repository);
    }
  });

  test(`git finds nothing wrong with the PACK of a ${format} image, however it was packed`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    sampleRepository(source, format);
    const lines = Array.from({ length: 900 }, (_, line) => `line ${line}: ${Math.sqrt(line)}`);
    for (let file = 0; file < 40; file++) {
      const text = lines.with(file * 20, `changed in ${file}`).join("\n");
      writeFiles(source, {
        [`similar/${file}.txt`]: text,
        [`similar/small/${file}.txt`]: text.slice(0, 900),
      });
    }
    // More than git deltifies, and more than is read into memory at once.
    writeFiles(source, {
      "large.bin": randomBytes(5 * 1024 * 1024),
      "large.txt": "text\n".repeat(1_500_000),
    });
    const commit = commitAll(source, "Similar files");
    git(source, ["repack", "-adfq", "--depth=8"]);
    const image = join(folder, "x.img");
    for (const options of [
      {},
      { withoutDeltas: true },
      { repack: true },
      { repack: true, compression: "default" },
      { repack: true, compression: "best", blockSize: 4096 },
      { withoutLayout: true, blockSize: 1536 },
      { worktree: true, objectFormat: format, date: "2020-10-10T08:00:00Z", exclude: ["small"] },
    ] as const) {
      const what = JSON.stringify(options);
      const made = await makeImage({ repository: source, image, ...options });
      const { repository, objects, idx, indexOffset, bytes } = openImage(t, image);
      t.true(bytes.subarray(indexOffset, indexOffset + idx.length).equals(idx), what);
      t.is(git(repository, ["fsck", "--strict", "--full"]), "", what);
      const pack = readdirSync(join(repository, "objects/pack")).find((name) => name.endsWith(".idx"))!;
      const path = join(repository, "objects/pack", pack);
      const verified = git(repository, ["verify-pack", "-v", `--object-format=${format}`, path]);
      for (const id of objects) t.true(verified.includes(id), what);
      const { deltas, sizes, unreachable } = await verifyImage(image);
      t.is(deltas > 0, !("withoutDeltas" in options), what);
      t.is(sizes.layout > 0, !("withoutLayout" in options), what);
      t.is(unreachable, 0, what);
      t.is(bytes.length, made.bytes);
      if ("worktree" in options) continue;
      t.is(made.commit, commit, what);
      t.deepEqual(objects, reachedObjects(source, commit), what);
    }
  });

  test(`submodules' commits are recorded in a ${format} image, whatever they are`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    sampleRepository(source, format);
    const { second } = sampleRepository(join(folder, "other"), otherThan(format));
    const digits = 2 * ID_LENGTHS[format];
    // An id of another hash function has no other form than this: git makes it as long as its own.
    const ids = [second.slice(0, digits).padEnd(digits, "0"), "5".repeat(digits)];
    for (const [index, id] of ids.entries()) {
      git(source, ["update-index", "--add", "--cacheinfo", `160000,${id},modules/${index}`]);
    }
    git(source, ["commit", "--quiet", "--message", "Modules"]);
    const image = join(folder, "x.img");
    for (const repack of [false, true]) {
      const made = await makeImage({ repository: source, ref: "main", image, repack });
      t.deepEqual(made.submodules, ["modules/0", "modules/1"]);
      const records = listTree(openImage(t, image).repository, made.commit);
      for (const id of ids) t.true(records.some((record) => record.startsWith(`160000 commit ${id}`)));
      t.is((await verifyImage(image)).unreachable, 0);
    }
  });
}

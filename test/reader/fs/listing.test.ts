import { pathToFileURL } from "node:url";
import test from "ava";
import { createFs } from "../../../reader/fs/create-fs.ts";
import { imageOfTree, type MadeEntry, open, whole } from "../pack-fixture.ts";
import { encodeTree } from "../repository.ts";

const file = whole("blob", "content\n");
const program = whole("blob", "#!/bin/sh\n");
const link = whole("blob", "..");
/** Not UTF-8, and what a decoder makes of it is no name in the image. */
const ODD = Buffer.from("odd\xff", "latin1");

function treeWith(...entries: { mode: string; name: string | Buffer; id: string }[]): MadeEntry {
  return whole("tree", encodeTree(entries));
}

const inner = treeWith(
  { mode: "100644", name: ODD, id: file.id },
  { mode: "120000", name: "up", id: link.id },
);
const root = treeWith(
  { mode: "100755", name: "a.sh", id: program.id },
  { mode: "40000", name: "folder", id: inner.id },
  { mode: "160000", name: "module", id: "5".repeat(40) },
  { mode: "40000", name: ODD, id: inner.id },
);
const store = open(imageOfTree(root, [inner, file, program, link]));
const fs = createFs(store);
const oddPath = Buffer.concat([Buffer.from("/folder/"), ODD]);

test("names that are not UTF-8 are listed and read as bytes", async (t) => {
  t.deepEqual(fs.readdirSync("/folder", "buffer"), [ODD, Buffer.from("up")]);
  t.deepEqual(fs.readdirSync("/folder"), ["odd\ufffd", "up"]);
  t.is(fs.readFileSync(oddPath, "utf8"), "content\n");
  t.is(await fs.promises.readFile(oddPath, "utf8"), "content\n");
  t.deepEqual(fs.realpathSync(oddPath, "buffer"), oddPath);
  t.is(fs.readdirSync("/folder", "latin1")[0], "odd\xff");
  t.throws(() => fs.readFileSync("/folder/odd\ufffd"), { code: "ENOENT" });
});

test("a folder given as bytes has entries whose folder is bytes", (t) => {
  const folder = Buffer.concat([Buffer.from("/"), ODD]);
  const entries = fs.readdirSync(folder, { withFileTypes: true, encoding: "buffer" });
  t.deepEqual(
    entries.map(({ name }) => name),
    [ODD, Buffer.from("up")] as never,
  );
  t.deepEqual(
    entries.map(({ parentPath }) => parentPath),
    [folder, folder] as never,
  );
});

test("recursive lists what is below, bytes or text, and follows no link", async (t) => {
  const expected = [
    "a.sh",
    "folder",
    `folder/odd\ufffd`,
    "folder/up",
    "module",
    "odd\ufffd",
    "odd\ufffd/odd\ufffd",
    "odd\ufffd/up",
  ];
  t.deepEqual(fs.readdirSync("/", { recursive: true }), expected);
  t.deepEqual(await fs.promises.readdir("/", { recursive: true }), expected);
  const bytes = fs.readdirSync("/", { recursive: true, encoding: "buffer" });
  t.deepEqual(bytes.at(-2), Buffer.concat([ODD, Buffer.from("/"), ODD]));
  for (const path of bytes) t.notThrows(() => fs.lstatSync(path));
});

test("entries found below name the folder they are in", (t) => {
  const from = (start: string) =>
    fs
      .readdirSync(start, { recursive: true, withFileTypes: true })
      .map((one) => `${one.parentPath}|${one.name}`);
  t.deepEqual(from("/").slice(0, 4), ["/|a.sh", "/|folder", "/folder|odd\ufffd", "/folder|up"]);
  t.deepEqual(from(".").slice(0, 3), [".|a.sh", ".|folder", "./folder|odd\ufffd"]);
  const bytes = fs.readdirSync(Buffer.from("/"), {
    recursive: true,
    withFileTypes: true,
    encoding: "buffer",
  });
  t.deepEqual(bytes.map(({ parentPath }) => String(parentPath)).slice(0, 3), ["/", "/", "/folder"]);
});

test("a submodule is an empty folder", async (t) => {
  t.true(fs.statSync("/module").isDirectory());
  t.deepEqual(fs.readdirSync("/module"), []);
  t.true(
    fs
      .readdirSync("/", { withFileTypes: true })
      .find(({ name }) => name === "module")
      ?.isDirectory(),
  );
  t.throws(() => fs.statSync("/module/file"), { code: "ENOENT" });
  t.is(store.describe("/module").type, "gitlink");
});

test("an open folder gives its entries one by one, in every way node has", async (t) => {
  const expected = fs.readdirSync("/");
  const names: string[] = [];
  for await (const { name } of await fs.promises.opendir("/")) names.push(name);
  t.deepEqual(names, expected);

  const dir = fs.opendirSync("/");
  t.is(dir.path, "/");
  t.is(dir.readSync()?.name, "a.sh");
  t.is((await dir.read())?.name, "folder");
  t.is(await new Promise((resolve) => dir.read((_, entry) => resolve(entry?.name))), "module");
  t.is(dir.readSync()?.name, "odd\ufffd");
  t.is(dir.readSync(), null);
  await dir.close();
  t.throws(() => dir.readSync(), { code: "ERR_DIR_CLOSED" });
  await t.throwsAsync(dir.close(), { code: "ERR_DIR_CLOSED" });

  const left = fs.opendirSync("/", { recursive: true });
  for await (const _ of left) break;
  t.throws(() => left.closeSync(), { code: "ERR_DIR_CLOSED" });
});

test("the status of a file has type, mode, size and times", (t) => {
  const stats = fs.statSync("/a.sh");
  t.like(stats, { mode: 0o100755, size: 10, nlink: 1, uid: 0, gid: 0, blocks: 1 });
  t.is(stats.mtimeMs, store.commit.committer.date * 1000);
  for (const time of [stats.atime, stats.mtime, stats.ctime, stats.birthtime])
    t.is(time.getTime(), stats.mtimeMs);
  const big = fs.statSync("/a.sh", { bigint: true });
  t.is(big.size, 10n);
  t.is(big.mtimeNs, BigInt(stats.mtimeMs) * 1_000_000n);
  t.is(big.ino, BigInt(stats.ino));
  t.true(big.isFile());
});

test("an inode is a path's: the same by whatever way, and on every connection", (t) => {
  const again = createFs(open(imageOfTree(root, [inner, file, program, link])));
  const { ino, dev } = fs.statSync(oddPath);
  t.like(again.statSync(Buffer.concat([Buffer.from("folder/up//folder/"), ODD])), { ino, dev });
  const inodes = fs
    .readdirSync("/", { recursive: true, encoding: "buffer" })
    .map((path) => fs.lstatSync(path).ino);
  t.is(new Set(inodes).size, inodes.length);
  t.true(inodes.every(Number.isSafeInteger));
});

test("a path may be a URL", (t) => {
  t.is(fs.readFileSync(pathToFileURL("/a.sh"), "latin1"), "#!/bin/sh\n");
  t.is(fs.readdirSync(pathToFileURL("/folder"), { withFileTypes: true })[0]?.parentPath, "/folder");
});

test("the calls work when they are taken off the object", async (t) => {
  const { readFileSync, existsSync, promises, createReadStream } = fs;
  const { readFile } = promises;
  t.is(readFileSync("a.sh", "utf8"), "#!/bin/sh\n");
  t.true(existsSync("a.sh"));
  t.is(await readFile("a.sh", "utf8"), "#!/bin/sh\n");
  t.is(String(await createReadStream("a.sh").toArray()), "#!/bin/sh\n");
});

import realFs from "node:fs";
import { constants } from "node:os";
import { pathToFileURL } from "node:url";
import test from "ava";
import { InvalidImageError } from "../../../reader/errors.ts";
import { createFs } from "../../../reader/fs/create-fs.ts";
import { FsError } from "../../../reader/fs/fs-error.ts";
import { imageOfTree, makeImage, open, whole } from "../pack-fixture.ts";
import { encodeTree } from "../repository.ts";

const hello = whole("blob", "hello\n");
const fs = createFs(open(makeImage({ hello })));
// Calls are made by name here, with arguments that no type allows.
type Loose = Record<string, (...given: unknown[]) => unknown>;
const loose = fs as unknown as Loose;
const looseReal = realFs as unknown as Loose;
const promises = fs.promises as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;

/** What node:fs has that reads, watches or makes objects; all else writes. */
const READERS = new Set(
  `access close createReadStream exists fdatasync fstat fsync glob lstat open openAsBlob opendir read readFile readdir
   readlink readv realpath stat statfs unwatchFile watch watchFile`.split(/\s+/),
);
/** Writers of node:fs that nothing asks a read-only disk for: they write a folder that deletes itself. */
const LEFT_OUT = new Set(["mkdtempDisposable"]);

function writersOf(calls: object): string[] {
  return Object.entries(calls)
    .filter(([name, value]) => typeof value === "function" && /^[a-z]/.test(name))
    .map(([name]) => name)
    .filter((name) => !READERS.has(name.replace(/Sync$/, "")) && !LEFT_OUT.has(name.replace(/Sync$/, "")));
}

test("an error has the message and fields of node's", (t) => {
  const error = t.throws(() => fs.readFileSync("/nope"), { instanceOf: FsError });
  const nodes = t.throws(() => realFs.readFileSync("/nope")) as NodeJS.ErrnoException;
  t.is(error.message, nodes.message);
  t.deepEqual({ ...error, name: "" }, { ...nodes, name: "" });
});

test("every code has the number that the system gives it", (t) => {
  for (const code of ["EACCES", "EBADF", "EEXIST", "EIO", "EISDIR", "ELOOP", "ENOTDIR", "EROFS"] as const) {
    t.is(new FsError(code, "open").errno, -constants.errno[code]);
  }
});

test("every synchronous writer of node:fs is refused", (t) => {
  const writers = writersOf(realFs).filter((name) => name.endsWith("Sync"));
  t.true(writers.length > 20);
  for (const name of writers) {
    const given = /^(f[a-z]|write(v)?Sync)/.test(name)
      ? [fs.openSync("hello", "r"), 1]
      : ["/hello", "/other"];
    t.throws(
      () => loose[name]?.(...given),
      { code: "EROFS", message: /^EROFS: read-only file system, / },
      name,
    );
  }
});

test("every writer of node:fs that calls back is refused", async (t) => {
  const writers = writersOf(realFs).filter((name) => !name.endsWith("Sync") && !/^(create|_)/.test(name));
  t.true(writers.length > 20);
  for (const name of writers) {
    const error = await new Promise((resolve) => loose[name]?.("/hello", "/other", resolve));
    t.like(error, { code: "EROFS" }, name);
  }
});

test("every writer of node:fs/promises is refused", async (t) => {
  const writers = writersOf(realFs.promises);
  t.true(writers.length > 15);
  for (const name of writers)
    await t.throwsAsync(() => promises[name]?.("/hello", "/other") as never, { code: "EROFS" }, name);
});

test("every writer of a handle is refused", async (t) => {
  await using handle = await fs.promises.open("/hello");
  for (const name of ["appendFile", "chmod", "chown", "truncate", "utimes", "write", "writeFile", "writev"]) {
    const method = (handle as unknown as Loose)[name];
    await t.throwsAsync(() => method?.call(handle, "x") as never, { code: "EROFS" }, name);
  }
  await t.notThrowsAsync(handle.sync());
  await t.notThrowsAsync(handle.datasync());
});

test("a stream to write to ends in EROFS", async (t) => {
  const stream = fs.createWriteStream("/hello");
  const error = await new Promise((resolve) => stream.once("error", resolve));
  t.like(error, { code: "EROFS", syscall: "open", path: "/hello" });
});

test("two paths are both named", (t) => {
  t.throws(() => fs.renameSync("/hello", "/b"), {
    message: "EROFS: read-only file system, rename '/hello' -> '/b'",
  });
  t.throws(() => fs.accessSync("/hello", realFs.constants.W_OK), {
    code: "EROFS",
    message: /access '\/hello'$/,
  });
});

const file = new URL(import.meta.url);
const NONSENSE: [name: string, ...given: unknown[]][] = [
  ["statSync", 3],
  ["statSync", null],
  ["statSync", "a\0b"],
  ["statSync", Buffer.from("a\0b")],
  ["statSync", new URL("https://example.com/")],
  ["accessSync", file, 8],
  ["accessSync", file, "r"],
  ["readFileSync", file, "bogus"],
  ["readFileSync", file, { encoding: "bogus" }],
  ["readFileSync", file, 5],
  ["readdirSync", new URL(".", file), { encoding: "bogus" }],
  ["openSync", file, "q"],
  ["openSync", file, "constructor"],
  ["openSync", file, {}],
  ["fstatSync", -1],
  ["fstatSync", "1"],
  ["fstatSync", 1.5],
  ["fstatSync", 2 ** 31],
  ["createReadStream", file, { start: 5, end: 2 }],
  ["createReadStream", file, { start: -1 }],
  ["createReadStream", file, { start: "1" }],
  ["createReadStream", file, { end: 1.5 }],
  ["stat", file],
  ["exists", file],
  ["readFile", file, "utf8"],
];

test("arguments that make no sense are refused with node's codes", (t) => {
  for (const [name, ...given] of NONSENSE) {
    const nodes = t.throws(() => looseReal[name]?.(...given), { any: true }) as NodeJS.ErrnoException;
    // A URL of a file there is, so that node gets to the argument in question, is no path in the image.
    const here = given.map((one) =>
      one === file ? "/hello" : one instanceof URL && one.protocol === "file:" ? "/" : one,
    );
    const ours = t.throws(
      () => loose[name]?.(...here),
      { any: true },
      `${name} ${given}`,
    ) as NodeJS.ErrnoException;
    t.is(ours.code, nodes.code, `${name} ${given}`);
    t.is(ours.constructor.name, (nodes as Error).constructor.name, `${name} ${given}`);
  }
});

test("reads into a buffer are refused with node's codes", (t) => {
  const there = realFs.openSync(file, "r");
  const here = fs.openSync("/hello", "r");
  const buffer = Buffer.alloc(3);
  const nonsense = [
    ["no buffer"],
    [buffer, 4, 1, 0],
    [buffer, 1, 5, 0],
    [buffer, -1, 1, 0],
    [buffer, 0, -1, 0],
    [buffer, 1, 1, -5],
    [buffer, 1, 1, 1.5],
    [buffer, 1, 1, 2 ** 53],
  ];
  for (const given of nonsense) {
    const nodes = t.throws(() => looseReal.readSync?.(there, ...given), {
      any: true,
    }) as NodeJS.ErrnoException;
    const ours = t.throws(() => loose.readSync?.(here, ...given), { any: true }) as NodeJS.ErrnoException;
    t.is(ours.code, nodes.code, `${given}`);
  }
  for (const given of [
    [Buffer.alloc(0)],
    [buffer, { position: 0 }],
    [buffer, { position: 1, length: 2 }],
    [new Uint16Array(2), { position: 0 }],
  ]) {
    t.is(loose.readSync?.(here, ...given), looseReal.readSync?.(there, ...given), `${given}`);
  }
  realFs.closeSync(there);
});

test("descriptors mean something to one image only", (t) => {
  const other = createFs(open(makeImage({ hello })));
  const fd = fs.openSync("/hello", "r");
  t.throws(() => other.fstatSync(fd), { code: "EBADF", message: "EBADF: bad file descriptor, fstat" });
  t.throws(() => fs.readSync(realFs.openSync(file, "r"), Buffer.alloc(1)), { code: "EBADF" });
  fs.closeSync(fd);
  t.throws(() => fs.closeSync(fd), { code: "EBADF" });
});

test("a damaged image is EIO, and the cause says what is damaged", async (t) => {
  const rotten = { ...hello, data: Buffer.from("HELLO\n") };
  const damaged = createFs(open(makeImage({ rotten })));
  const check = (error: unknown, syscall: string) => {
    t.like(error, { code: "EIO", errno: -constants.errno.EIO, syscall, path: "/rotten" });
    t.true((error as Error).cause instanceof InvalidImageError);
    t.regex(
      (error as Error).message,
      /^EIO: i\/o error, \w+ '\/rotten': invalid image: .*does not match its id/,
    );
  };
  check(
    t.throws(() => damaged.readFileSync("/rotten")),
    "read",
  );
  check(await t.throwsAsync(damaged.promises.readFile("/rotten")), "read");
  check(await new Promise((resolve) => damaged.readFile("/rotten", resolve)), "read");
  await using handle = await damaged.promises.open("/rotten");
  check(await t.throwsAsync(handle.read()), "read");

  const folder = { ...whole("tree", encodeTree([{ mode: "100644", name: "a", id: hello.id }])) };
  const root = whole("tree", encodeTree([{ mode: "40000", name: "rotten", id: folder.id }]));
  const badTree = createFs(open(imageOfTree(root, [{ ...folder, data: Buffer.from("not a tree") }])));
  check(
    t.throws(() => badTree.readdirSync("/rotten")),
    "scandir",
  );
  t.throws(() => badTree.statSync("/rotten/a"), { code: "EIO" });
  t.false(badTree.existsSync("/rotten/a"));
});

test("a link to outside is ENOENT, one to itself ELOOP, and both can be looked at", (t) => {
  const links = { out: "../etc", self: "self", absolute: "/hello", above: "/../hello" };
  const blobs = Object.entries(links).map(([name, target]) => [name, whole("blob", target)] as const);
  const entries = [
    ...blobs.map(([name, { id }]) => ({ mode: "120000", name, id })),
    { mode: "100644", name: "hello", id: hello.id },
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  const root = whole("tree", encodeTree(entries));
  const linked = createFs(open(imageOfTree(root, [hello, ...blobs.map(([, blob]) => blob)])));
  t.throws(() => linked.readFileSync("/out"), { code: "ENOENT", message: /open '\/out'$/ });
  t.throws(() => linked.readFileSync("/self"), {
    code: "ELOOP",
    message: "ELOOP: too many symbolic links encountered, open '/self'",
  });
  t.is(linked.readFileSync("/absolute", "utf8"), "hello\n");
  t.throws(() => linked.readFileSync("/above"), { code: "ENOENT" });
  for (const [name, target] of Object.entries(links)) {
    t.is(linked.readlinkSync(name), target);
    t.true(linked.lstatSync(name).isSymbolicLink());
  }
  t.is(linked.realpathSync(pathToFileURL("/absolute")), "/hello");
});

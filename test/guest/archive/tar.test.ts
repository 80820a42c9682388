import { spawnSync } from "node:child_process";
import test from "ava";
import { Tar } from "../../../guest/archive/tar.ts";

const ID = "ab".repeat(20);
const file = { type: "file", id: ID, size: 0 } as const;

/** What `tar` lists of an archive of some headers. */
function listed(tar: Tar, ...entries: Uint8Array[]): string[] {
  const all = Buffer.concat([tar.start, ...entries]);
  const { stdout, status, stderr } = spawnSync(
    "tar",
    ["-tvf", "-", "--utc", "--full-time", "--numeric-owner", "--quoting-style=literal"],
    { input: Buffer.concat([all, tar.end(all.length)]), env: { ...process.env, LC_ALL: "C" } },
  );
  if (status !== 0) throw new Error(stderr.toString());
  return stdout.toString().split("\n").slice(0, -1);
}

test("names of any length are listed as they are", (t) => {
  const tar = new Tar(ID, 1602316801);
  for (const length of [1, 99, 100, 101, 155, 156, 255, 256, 5000]) {
    for (const name of [
      "n".repeat(length),
      `${"d/".repeat(length >> 1)}n`,
      `${"d".repeat(length)}/${"n".repeat(100)}`,
      `${"d".repeat(length)}/${"n".repeat(101)}`,
      `d/${"n".repeat(length)}`,
    ]) {
      t.deepEqual(listed(tar, tar.header({ ...file, path: Buffer.from(name) })), [
        `-rw-r--r-- 0/0               0 2020-10-10 08:00:01 ${name}`,
      ]);
    }
    const target = "t".repeat(length);
    const link = {
      type: "symlink",
      id: ID,
      size: 0,
      path: Buffer.from("l"),
      target: Buffer.from(target),
    } as const;
    t.deepEqual(listed(tar, tar.header(link)), [
      `lrwxrwxrwx 0/0               0 2020-10-10 08:00:01 l -> ${target}`,
    ]);
  }
});

test("sizes and times beyond eleven octal digits are in extended headers", (t) => {
  const size = 0o77777777777 + 1;
  const tar = new Tar(ID, 1602316801);
  t.is(tar.header({ ...file, path: Buffer.from("f"), size: size - 1 }).length, 512);
  const header = Buffer.from(tar.header({ ...file, path: Buffer.from("f"), size }));
  t.is(header.length, 1536);
  t.is(header.toString("latin1", 512, 512 + 20), "19 size=8589934592\n\0");
  t.is(header.toString("latin1", 1024 + 124, 1024 + 136), "00000000000\0");
  const late = new Tar(ID, size);
  t.regex(Buffer.from(late.start).toString("latin1"), /20 mtime=8589934592\n/);
  t.regex(listed(late, late.header({ ...file, path: Buffer.from("f") }))[0]!, / 2242-03-16 12:56:32 f$/);
});

test("a record of an extended header counts the digits of its own length", (t) => {
  for (let length = 80; length < 120; length++) {
    const tar = new Tar(ID, 0);
    const link = {
      type: "symlink",
      id: ID,
      size: 0,
      path: Buffer.from("l"),
      target: Buffer.alloc(length, "t"),
    } as const;
    t.is(listed(tar, tar.header(link)).length, 1, `${length}`);
  }
});

test("a tar ends in two blocks of zeroes at least, at a multiple of 10,240 bytes", (t) => {
  const tar = new Tar(ID, 0);
  for (const [size, end] of [
    [0, 10_240],
    [512, 9728],
    [9216, 1024],
    [9728, 10_752],
    [10_240, 10_240],
  ] as const) {
    t.is(tar.end(size).length, end);
  }
});

import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { storeFile, unreadable } from "../../../image-builder/folder/read-file.ts";
import { Staging } from "../../../image-builder/folder/staging.ts";
import { effortOf } from "../../../image-builder/packing/compression.ts";
import { DocteurError } from "../../../reader/errors.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { failsWith } from "../failure.ts";

test("a file that changes while it is read is refused", async (t) => {
  const folder = temporaryFolder(t);
  using staging = new Staging(folder, SHA1, effortOf("fast"), undefined);
  const store = (path: string) => storeFile(Buffer.from(path), staging);
  // The kernel says that it has no bytes, and then gives some: as a file that grows.
  await failsWith(t, "FILE_CHANGED", () => store("/proc/self/status"), /changed while it was read/);
  await failsWith(t, "FILE_CHANGED", () => store(join(folder, "vanished")));
  mkdirSync(join(folder, "folder"));
  await failsWith(t, "FILE_CHANGED", () => store(join(folder, "folder")));
  symlinkSync("/etc/passwd", join(folder, "link"));
  await failsWith(t, "FILE_CHANGED", () => store(join(folder, "link")));
});

test("a file that shrinks while it is read is refused", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "large");
  writeFileSync(path, Buffer.alloc(64 * 1024 * 1024, "x"));
  using staging = new Staging(folder, SHA1, effortOf("fast"), undefined);
  const stored = storeFile(Buffer.from(path), staging);
  truncateSync(path, 1000);
  await failsWith(t, "FILE_CHANGED", () => stored);
});

test("a file without read permission is refused", (t) => {
  const error = unreadable(Buffer.from("/x"), Object.assign(new Error(), { code: "EACCES" }));
  t.true(error instanceof DocteurError);
  t.is((error as DocteurError).message, "/x cannot be read: permission denied");
  t.is((error as DocteurError).code, "FILE_UNREADABLE");
});

test("a path that the system does not open is said to be too long", (t) => {
  const error = unreadable(Buffer.from("/x"), Object.assign(new Error(), { code: "ENAMETOOLONG" }));
  t.is((error as DocteurError).message, "/x cannot be read: its path is longer than the system opens");
});

test("the id is git's", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "file");
  const content = Buffer.from("a\r\nb\0\xff", "latin1");
  writeFileSync(path, content);
  using staging = new Staging(folder, SHA1, effortOf("fast"), undefined);
  const { number, size } = await storeFile(Buffer.from(path), staging);
  t.is(size, content.length);
  t.is(
    staging.ids.hex(number),
    createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex"),
  );
});

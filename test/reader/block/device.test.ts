import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { openFileDevice } from "../../../reader/block/file.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { refused } from "../fault.ts";

const DATA = Buffer.from(Array.from({ length: 1300 }, (_, i) => i % 251));
const folder = mkdtempSync(join(tmpdir(), "docteur-test-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const DEVICES = {
  "a file": (bytes: Uint8Array) => openFileDevice(fileOf(`image-${bytes.length}`, bytes)),
  memory: memoryDevice,
};

for (const [name, open] of Object.entries(DEVICES)) {
  test(`${name} reads sectors, the last one filled up with zeroes`, (t) => {
    const device = open(DATA);
    t.teardown(() => device.close());
    t.is(device.size, 1300);
    t.is(device.sectorSize, 512);
    t.is(device.sectorCount, 3);
    const all = Buffer.alloc(1536, 0xee);
    device.readSectors(0, all);
    t.deepEqual(all, Buffer.concat([DATA, Buffer.alloc(236)]));
    const second = Buffer.alloc(512, 0xee);
    device.readSectors(1, second);
    t.deepEqual(second, DATA.subarray(512, 1024));
    const last = Buffer.alloc(512, 0xee);
    device.readSectors(2, last);
    t.deepEqual(last, Buffer.concat([DATA.subarray(1024), Buffer.alloc(236)]));
  });

  test(`${name} refuses what is not there, and parts of sectors`, (t) => {
    const device = open(DATA);
    t.teardown(() => device.close());
    refused(t, "device", () => device.readSectors(3, Buffer.alloc(512)));
    refused(t, "device", () => device.readSectors(2, Buffer.alloc(1024)));
    refused(t, "device", () => device.readSectors(-1, Buffer.alloc(512)));
    refused(t, "device", () => device.readSectors(0, Buffer.alloc(100)));
    refused(t, "device", () => device.readSectors(Number.NaN, Buffer.alloc(512)));
    refused(t, "device", () => device.readSectors(2 ** 44, Buffer.alloc(512)));
  });

  test(`${name} may be empty`, (t) => {
    const device = open(Buffer.alloc(0));
    t.teardown(() => device.close());
    t.is(device.sectorCount, 0);
    refused(t, "device", () => device.readSectors(0, Buffer.alloc(512)));
  });
}

test("what is no image file is refused by name", (t) => {
  refused(t, "IMAGE_NOT_FOUND", () => openFileDevice(join(folder, "nothing")));
  refused(t, "IMAGE_NOT_FOUND", () => openFileDevice(join(fileOf("file", DATA), "below")));
  refused(t, "IMAGE_UNREADABLE", () => openFileDevice(folder));
  refused(t, "IMAGE_UNREADABLE", () => openFileDevice("/dev/null"));
  execFileSync("mkfifo", [join(folder, "fifo")]);
  refused(t, "IMAGE_UNREADABLE", () => openFileDevice(join(folder, "fifo")));
  t.throws(() => openFileDevice(folder), { message: `${folder}: not an image: a directory` });
});

test("a file that shrinks, or is closed, while it is read is refused", (t) => {
  const path = fileOf("shrinking", DATA);
  const device = openFileDevice(path);
  truncateSync(path, 600);
  refused(t, "device", () => device.readSectors(0, Buffer.alloc(1024)));
  device.close();
  device.close();
  refused(t, "device", () => device.readSectors(0, Buffer.alloc(512)));
});

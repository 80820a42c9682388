import { crc32 } from "node:zlib";
import test from "ava";
import { STORED, Zip } from "../../../guest/archive/zip.ts";
import { readZip } from "./read-zip.ts";

const TIME = 1602316801;
const HELLO = Buffer.from("hello\n");
const entry = {
  type: "file",
  path: Buffer.from("a"),
  method: STORED,
  crc: crc32(HELLO),
  size: HELLO.length,
  stored: HELLO.length,
} as const;

test("a time is in MS-DOS' form in UTC, and exact beside it", (t) => {
  const zip = new Zip(TIME);
  const local = zip.local(entry);
  const central = zip.central(entry, 0);
  const end = zip.end(1, local.length + HELLO.length, central.length, "");
  const [member] = readZip(Buffer.concat([local, HELLO, central, end])).members;
  t.is(member!.time, TIME);
  // 2020-10-10, 08:00:00: the odd second is lost.
  t.is(member!.dosTime, ((40 * 512 + 10 * 32 + 10) * 65536 + 8 * 2048) | 0);
});

test("a time that MS-DOS does not have is the nearest", (t) => {
  const dosTime = (time: number) => Buffer.from(new Zip(time).local(entry)).readUInt32LE(10);
  t.is(dosTime(0), (0 * 512 + 1 * 32 + 1) * 65536, "1980-01-01");
  t.is(dosTime(8.64e12), (127 * 512 + 12 * 32 + 31) * 65536 + 23 * 2048 + 59 * 32 + 29);
  const fieldLength = (time: number) => Buffer.from(new Zip(time).local(entry)).readUInt16LE(28);
  t.is(fieldLength(2 ** 31 - 1), 9);
  t.is(fieldLength(2 ** 31), 0, "the exact time has 31 bits");
});

test("sizes of 4 GiB and more are in zip64 fields, both in a local header", (t) => {
  const zip = new Zip(TIME);
  const large = { ...entry, size: 5 * 2 ** 30, stored: 6_000_000 };
  const local = Buffer.from(zip.local(large));
  t.is(local.readUInt16LE(4), 45);
  t.deepEqual([local.readUInt32LE(18), local.readUInt32LE(22)], [0xffffffff, 0xffffffff]);
  const field = local.subarray(30 + 1 + 9);
  t.deepEqual([field.readUInt16LE(0), field.readUInt16LE(2), field.length], [1, 16, 20]);
  t.deepEqual([field.readBigUInt64LE(4), field.readBigUInt64LE(12)], [5n * 2n ** 30n, 6_000_000n]);
  const central = Buffer.from(zip.central(large, 7 * 2 ** 32));
  t.deepEqual(
    [central.readUInt32LE(20), central.readUInt32LE(24), central.readUInt32LE(42)],
    [6_000_000, 0xffffffff, 0xffffffff],
  );
  const central64 = central.subarray(46 + 1 + 9);
  t.deepEqual([central64.readUInt16LE(0), central64.readUInt16LE(2), central64.length], [1, 16, 20]);
  t.deepEqual(
    [central64.readBigUInt64LE(4), central64.readBigUInt64LE(12)],
    [5n * 2n ** 30n, 7n * 2n ** 32n],
  );
  for (const size of [0xfffffffe, 0xffffffff]) {
    t.is(zip.local({ ...entry, size }).length, size === 0xffffffff ? 60 : 40, `${size}`);
  }
});

test("an end with numbers that do not fit has a zip64 record before it", (t) => {
  const zip = new Zip(TIME);
  t.is(zip.end(0xfffe, 0xfffffffe, 5, "id").length, 24);
  for (const [count, offset, size] of [
    [0xffff, 10, 20],
    [1, 0xffffffff, 20],
    [1, 10, 0xffffffff],
  ] as const) {
    const end = Buffer.from(zip.end(count, offset, size, ""));
    t.is(end.length, 56 + 20 + 22);
    t.deepEqual(
      [24, 32, 40, 48, 64].map((at) => Number(end.readBigUInt64LE(at))),
      [count, count, size, offset, offset + size],
    );
  }
});

import { crc32, inflateRawSync } from "node:zlib";

/** An entry of a zip. */
export interface ZipMember {
  readonly name: Buffer;
  readonly isUtf8: boolean;
  /** The upper half of the external attributes. */
  readonly mode: number;
  /** Seconds since the epoch, of the field with the time. */
  readonly time: number;
  /** MS-DOS' date and time. */
  readonly dosTime: number;
  readonly method: number;
  /** As it is in the zip. */
  readonly stored: Buffer;
  readonly content: Buffer;
}

/**
 * Reads a zip, and fails where anything is not as APPNOTE.TXT says: where the two headers of an entry differ,
 * where a byte belongs to nothing, where a checksum or a size is wrong, where a zip64 field is missing or of
 * no use.
 */
export function readZip(zip: Buffer): { members: ZipMember[]; comment: string } {
  const at = zip.lastIndexOf("PK\x05\x06", zip.length, "latin1");
  const end = zip.subarray(at);
  const comment = end.toString("latin1", 22);
  same(comment.length, end.readUInt16LE(20), "comment");
  let [count, size, start] = [end.readUInt16LE(10), end.readUInt32LE(12), end.readUInt32LE(16)];
  let after = at;
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) {
    const locator = zip.subarray(at - 20);
    same(locator.toString("latin1", 0, 4), "PK\x06\x07", "locator");
    after = Number(locator.readBigUInt64LE(8));
    const large = zip.subarray(after);
    same(large.toString("latin1", 0, 4), "PK\x06\x06", "end of zip64");
    [count, size, start] = [32, 40, 48].map((offset) => Number(large.readBigUInt64LE(offset))) as [
      number,
      number,
      number,
    ];
  }
  same(start + size, after, "central directory");
  const members: ZipMember[] = [];
  let position = start;
  let expected = 0;
  for (let index = 0; index < count; index++) {
    const header = zip.subarray(position);
    same(header.toString("latin1", 0, 4), "PK\x01\x02", "entry");
    same(header.readUInt16LE(4) >> 8, 3, "made on Unix");
    const central = fieldsOf(header.subarray(6), 46 - 6, header.readUInt32LE(42));
    same(central.offset, expected, "no gap between entries");
    const local = zip.subarray(central.offset);
    same(local.toString("latin1", 0, 4), "PK\x03\x04", "local header");
    const first = fieldsOf(local.subarray(4), 30 - 4, undefined);
    for (const field of ["flags", "method", "dosTime", "crc", "storedSize", "size", "time"] as const) {
      same(first[field], central[field], field);
    }
    same(first.name.toString("latin1"), central.name.toString("latin1"), "name");
    const stored = local.subarray(4 + first.end, 4 + first.end + central.storedSize);
    const content = central.method === 0 ? stored : inflateRawSync(stored);
    same(content.length, central.size, "size");
    same(crc32(content), central.crc, "CRC");
    members.push({
      name: central.name,
      isUtf8: (central.flags & 0x800) !== 0,
      mode: header.readUInt16LE(40),
      time: central.time,
      dosTime: central.dosTime,
      method: central.method,
      stored,
      content,
    });
    expected = central.offset + 4 + first.end + central.storedSize;
    position += 6 + central.end;
  }
  same(expected, start, "nothing between the last entry and the central directory");
  same(position, start + size, "the size of the central directory");
  return { members, comment };
}

/** The fields that both headers have. @param fixed bytes before the name. */
function fieldsOf(header: Buffer, fixed: number, offset: number | undefined) {
  const [nameLength, extraLength] = [header.readUInt16LE(22), header.readUInt16LE(24)];
  const name = header.subarray(fixed, fixed + nameLength);
  let extra = header.subarray(fixed + nameLength, fixed + nameLength + extraLength);
  const numbers = [header.readUInt32LE(18), header.readUInt32LE(14), offset ?? 0];
  let time = Number.NaN;
  let isZip64 = false;
  for (; extra.length > 0; extra = extra.subarray(4 + extra.readUInt16LE(2))) {
    const field = extra.subarray(4, 4 + extra.readUInt16LE(2));
    if (extra.readUInt16LE(0) === 0x5455) time = field.readInt32LE(1);
    else if (extra.readUInt16LE(0) === 1) {
      isZip64 = true;
      let at = 0;
      for (const [index, number] of numbers.entries()) {
        if (number !== 0xffffffff) continue;
        numbers[index] = Number(field.readBigUInt64LE(at));
        at += 8;
      }
      same(at, field.length, "zip64 field");
    } else throw new Error("an unknown field");
  }
  same(header.readUInt16LE(0), isZip64 ? 45 : 20, "version");
  return {
    flags: header.readUInt16LE(2),
    method: header.readUInt16LE(4),
    dosTime: header.readUInt32LE(6),
    crc: header.readUInt32LE(10),
    size: numbers[0]!,
    storedSize: numbers[1]!,
    offset: numbers[2]!,
    name,
    time,
    end: fixed + nameLength + extraLength,
  };
}

function same<Value>(actual: Value, expected: Value, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${actual}, not ${expected}`);
}

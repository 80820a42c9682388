import type { Random } from "./random.ts";

const BYTES = [0, 1, 0x0a, 0x20, 0x2e, 0x2f, 0x60, 0x70, 0x7f, 0x80, 0xfe, 0xff];
const WORDS = [0, 1, 12, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff];
const MOST = 4;

/**
 * Damages an image at one or a few offsets: bits and bytes, numbers as they lie in headers and tables, pieces
 * left out, doubled, swapped or taken from another image, the end cut off, a PACK where that of the other object
 * format begins.
 */
export function mutate(random: Random, image: Buffer, other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(image);
  for (let i = random.below(MOST); i >= 0; i--) bytes = mutateOnce(random, bytes, other);
  return bytes;
}

function mutateOnce(random: Random, bytes: Buffer, other: Buffer): Buffer {
  if (bytes.length < 16) return Buffer.concat([bytes, random.bytes(16)]);
  const at = random.below(bytes.length - 8);
  const length = Math.min(1 + random.size(600), bytes.length - at);
  switch (random.below(12)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick(BYTES);
      return bytes;
    case 2:
      bytes[at] = random.below(256);
      return bytes;
    case 3:
      bytes.writeUInt32BE(random.once(2) ? random.pick(WORDS) : random.below(bytes.length), at & ~3);
      return bytes;
    case 4:
      // The header's index offset.
      bytes.writeBigUInt64LE(
        BigInt(random.once(9) ? random.pick(WORDS) * 2 ** 21 : random.below(bytes.length)),
        (packStartOf(bytes) - 8) % (bytes.length - 8),
      );
      return bytes;
    case 5:
      return random.once(4) ? bytes.subarray(0, at) : bytes.fill(random.pick(BYTES), at, at + length);
    case 6:
      return moveIndex(
        random,
        Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]),
        at,
        -length,
      );
    case 7:
      return moveIndex(
        random,
        Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]),
        at,
        length,
      );
    case 8: {
      const from = random.below(bytes.length - length + 1);
      bytes.copyWithin(at, from, from + length);
      return bytes;
    }
    case 9: {
      other.copy(bytes, at, random.below(other.length), random.below(other.length) + length);
      return bytes;
    }
    case 10:
      return movePack(random, bytes);
    default:
      random.bytes(Math.min(length, 40)).copy(bytes, at);
      return bytes;
  }
}

/** Writes a PACK's header, or its signature alone, where either object format has it, or in both places. */
function movePack(random: Random, bytes: Buffer): Buffer {
  const own = packStartOf(bytes);
  const header = Buffer.from(bytes.subarray(own, own + random.pick([4, 12])));
  for (const start of random.pick([[28], [40], [28, 40]])) header.copy(bytes, start);
  if (random.once(2)) bytes.fill(random.pick(BYTES), own, own + 4);
  return bytes;
}

/** Where the PACK begins if the image is not damaged: at byte 40 with ids of 32 bytes. */
function packStartOf(bytes: Buffer): number {
  return bytes.toString("latin1", 40, 44) === "PACK" ? 40 : 28;
}

/** Mostly, lets the header point at the IDX still: without one, readers get no further. */
function moveIndex(random: Random, bytes: Buffer, at: number, by: number): Buffer {
  const packStart = packStartOf(bytes);
  if (random.once(5) || bytes.length < packStart) return bytes;
  const index = bytes.readBigUInt64LE(packStart - 8);
  const moved = index + BigInt(by);
  // One that is already damaged may be any number.
  if (at >= packStart && at < index && moved > 0n && moved < 2n ** 64n) {
    bytes.writeBigUInt64LE(moved, packStart - 8);
  }
  return bytes;
}

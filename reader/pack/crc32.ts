/** The polynomial of CRC-32, its bits in reverse: RFC 1952, section 8. */
const POLYNOMIAL = 0xedb88320;

/**
 * The CRC-32 of bytes, unsigned, computed in JavaScript.
 * @param before the CRC-32 of what came before these bytes.
 */
export function portableCrc32(bytes: Uint8Array, before = 0): number {
  table ??= makeTable();
  let crc = ~before;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  return ~crc >>> 0;
}

/**
 * Made when it is first needed: a machine has no use for it, and takes its time over each loop at its start.
 */
let table: Uint32Array | undefined;

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
}

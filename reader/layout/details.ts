import type { LayoutShape } from "./layout-writer.ts";

/** What the footer says of a layout. */
export interface LayoutDetails extends LayoutShape {
  /** Raw id of the commit that the layout is of. */
  readonly commit: Uint8Array;
  /** Offset of its entry in the PACK. */
  readonly commitOffset: number;
  /** Raw id of the root tree. */
  readonly root: Uint8Array;
  /** Offset of the root tree's entry in the PACK. */
  readonly rootOffset: number;
}

/** Bytes of `LayoutDetails` without the ids and the levels: three numbers of 8 bytes, and one of 1. */
const FIXED = 25;

/** The details as the footer has them. */
export function encodeDetails(details: LayoutDetails): Uint8Array {
  const { commit, commitOffset, root, rootOffset, entries, levels } = details;
  const bytes = Buffer.alloc(commit.length + root.length + FIXED + 4 * levels.length);
  bytes.set(commit);
  bytes.set(root, commit.length);
  let at = commit.length + root.length;
  at = bytes.writeBigUInt64BE(BigInt(commitOffset), at);
  at = bytes.writeBigUInt64BE(BigInt(rootOffset), at);
  at = bytes.writeBigUInt64BE(BigInt(entries), at);
  at = bytes.writeUInt8(levels.length, at);
  for (const blocks of levels) at = bytes.writeUInt32BE(blocks, at);
  return bytes;
}

/** Reads what `encodeDetails` writes; undefined if it is anything else. */
export function decodeDetails(details: Uint8Array, idLength: number): LayoutDetails | undefined {
  const bytes = Buffer.from(details.buffer, details.byteOffset, details.byteLength);
  const numbers = 2 * idLength;
  if (bytes.length < numbers + FIXED) return undefined;
  const count = bytes.readUInt8(numbers + 24);
  if (count === 0 || bytes.length !== numbers + FIXED + 4 * count) return undefined;
  const levels = Array.from({ length: count }, (_, level) => bytes.readUInt32BE(numbers + FIXED + 4 * level));
  return {
    commit: Uint8Array.from(bytes.subarray(0, idLength)),
    root: Uint8Array.from(bytes.subarray(idLength, numbers)),
    commitOffset: Number(bytes.readBigUInt64BE(numbers)),
    rootOffset: Number(bytes.readBigUInt64BE(numbers + 8)),
    entries: Number(bytes.readBigUInt64BE(numbers + 16)),
    levels,
  };
}

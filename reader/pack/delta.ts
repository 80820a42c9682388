import type { MemoryRange } from "./output-buffer.ts";

/**
 * The bytes are no delta, or none for this base. Its catcher knows the entry, and throws an
 * `InvalidImageError`.
 */
export class DeltaError extends Error {
  override name = "DeltaError";
}

/** The two sizes that a delta starts with, and where its instructions begin. */
export interface DeltaHeader {
  /** Bytes of the source, the object that the delta is applied to. */
  readonly sourceSize: number;
  /** Bytes of the target, the object that comes out. */
  readonly targetSize: number;
  readonly instructions: number;
}

/** Enough bytes for the header of any delta: two sizes of at most 10 bytes. */
export const MAX_DELTA_HEADER = 20;

const LONGEST_SIZE = MAX_DELTA_HEADER / 2;

/**
 * Decodes the header of a delta of `length` bytes (git's `pack-format`, "deltified representation"). @throws
 * {DeltaError}
 */
export function decodeDeltaHeader(delta: Uint8Array, length = delta.length): DeltaHeader {
  const target = sizeEnd(delta, 0, length);
  const instructions = sizeEnd(delta, target, length);
  return { sourceSize: decodeSize(delta, 0), targetSize: decodeSize(delta, target), instructions };
}

function sizeEnd(delta: Uint8Array, start: number, length: number): number {
  let end = start;
  while (end < length && (delta[end] as number) >= 0x80) end++;
  if (end >= length) throw new DeltaError("the delta's header is cut short");
  if (end - start >= LONGEST_SIZE) throw sizeBeyondAny();
  return end + 1;
}

function decodeSize(delta: Uint8Array, start: number): number {
  let position = start;
  let byte = delta[position++] as number;
  let size = byte & 0x7f;
  for (let scale = 128; byte >= 0x80; scale *= 128) {
    byte = delta[position++] as number;
    size += (byte & 0x7f) * scale;
  }
  if (size > Number.MAX_SAFE_INTEGER) throw sizeBeyondAny();
  return size;
}

function sizeBeyondAny(): DeltaError {
  return new DeltaError("the delta claims a size that no disk can hold");
}

/**
 * Applies the instructions of a delta.
 *
 * @param source what it was made for.
 * @param delta its instructions lie from `position` to `end`.
 * @param target has as many bytes as the delta's header says. Nothing is written outside of it, even if the
 * delta is invalid.
 * @returns how many instructions there were.
 * @throws {DeltaError} if an instruction is cut short, reserved (opcode 0) or copies from outside the source,
 * or the target comes out at another size.
 */
export function applyDelta(
  { memory: source, start: sourceStart, size: sourceSize }: MemoryRange,
  delta: Uint8Array,
  position: number,
  end: number,
  { memory: target, start, size: targetSize }: MemoryRange,
): number {
  const targetEnd = start + targetSize;
  const sourceView = viewOf(source);
  const deltaView = viewOf(delta);
  const targetView = viewOf(target);
  let at = position;
  let written = start;
  let count = 0;
  for (; at < end; count++) {
    const opcode = delta[at++] as number;
    if (opcode < 0x80) {
      if (opcode === 0) throw new DeltaError("the delta has an instruction of opcode 0, which is reserved");
      if (at + opcode > end) throw cutShort();
      if (written + opcode > targetEnd) throw more(targetSize);
      if (opcode > LONGEST_SHORT) copy.call(delta, target, written, at, at + opcode);
      else copyShort(deltaView, at, targetView, written, opcode);
      at += opcode;
      written += opcode;
      continue;
    }
    let offset = 0;
    let length = 0;
    if ((opcode & 0x01) !== 0) offset = delta[at++] as number;
    if ((opcode & 0x02) !== 0) offset |= (delta[at++] as number) << 8;
    if ((opcode & 0x04) !== 0) offset |= (delta[at++] as number) << 16;
    if ((opcode & 0x08) !== 0) offset = (offset | ((delta[at++] as number) << 24)) >>> 0;
    if ((opcode & 0x10) !== 0) length = delta[at++] as number;
    if ((opcode & 0x20) !== 0) length |= (delta[at++] as number) << 8;
    if ((opcode & 0x40) !== 0) length |= (delta[at++] as number) << 16;
    if (at > end) throw cutShort();
    if (length === 0) length = 0x10000;
    if (offset + length > sourceSize) throw new DeltaError("the delta copies from outside its source");
    if (written + length > targetEnd) throw more(targetSize);
    const from = sourceStart + offset;
    if (length > LONGEST_SHORT) copy.call(source, target, written, from, from + length);
    else copyShort(sourceView, from, targetView, written, length);
    written += length;
  }
  if (written !== targetEnd) throw otherSize(written - start, targetSize);
  return count;
}

/**
 * Goes through instructions without following them: before memory is taken for a target of the size that a
 * delta claims.
 * @returns how many instructions there are.
 * @throws {DeltaError} if they make another size.
 */
export function checkTargetSize(
  delta: Uint8Array,
  position: number,
  end: number,
  targetSize: number,
): number {
  let made = 0;
  let count = 0;
  for (let at = position; at < end; count++) {
    const opcode = delta[at++] as number;
    if (opcode < 0x80) {
      at += opcode;
      made += opcode;
      continue;
    }
    for (let bit = 0x01; bit <= 0x08; bit *= 2) if ((opcode & bit) !== 0) at++;
    let length = 0;
    if ((opcode & 0x10) !== 0) length = delta[at++] ?? 0;
    if ((opcode & 0x20) !== 0) length |= (delta[at++] ?? 0) << 8;
    if ((opcode & 0x40) !== 0) length |= (delta[at++] ?? 0) << 16;
    made += length === 0 ? 0x10000 : length;
  }
  if (made !== targetSize) throw otherSize(made, targetSize);
  return count;
}

function cutShort(): DeltaError {
  return new DeltaError("the delta's last instruction is cut short");
}

function more(claimed: number): DeltaError {
  return new DeltaError(`the delta makes more than the ${claimed} bytes it claims`);
}

function otherSize(made: number, claimed: number): DeltaError {
  return new DeltaError(`the delta makes ${made} bytes and claims ${claimed}`);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/**
 * Bytes that are copied here in no more time than a call into memmove takes, whether this is compiled or
 * interpreted. Two thirds of the instructions of real deltas copy fewer.
 */
const LONGEST_SHORT = 32;

/** Copies some bytes from one memory to another, four at a time; the last four may overlap those before. */
function copyShort(source: DataView, from: number, target: DataView, to: number, length: number): void {
  const last = length - 4;
  if (last < 0) {
    for (let i = 0; i < length; i++) target.setUint8(to + i, source.getUint8(from + i));
    return;
  }
  for (let i = 0; i < last; i += 4) target.setInt32(to + i, source.getInt32(from + i));
  target.setInt32(to + last, source.getInt32(from + last));
}

/**
 * One call into memmove. `TypedArray.set` would first make a view of the part to copy, which costs more than
 * the copy.
 */
const { copy } = Buffer.prototype;

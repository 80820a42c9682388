/** The bytes are no delta, or none for this base. Whoever knows the entry turns it into an `InvalidImageError`. */
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

/** That of a size's tenth byte. */
const LARGEST_SCALE = 128 ** 9;

/** Decodes the header of a delta (git's `pack-format`, "deltified representation"). @throws {DeltaError} */
export function decodeDeltaHeader(delta: Uint8Array): DeltaHeader {
  let position = 0;
  const size = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = delta[position++];
      if (byte === undefined) throw new DeltaError("the delta's header is cut short");
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > LARGEST_SCALE)
        throw new DeltaError("the delta claims a size that no disk can hold");
      if ((byte & 0x80) === 0) return value;
    }
  };
  const sourceSize = size();
  const targetSize = size();
  return { sourceSize, targetSize, instructions: position };
}

/**
 * Applies a delta to its source.
 *
 * The instructions are gone through once before anything is allocated, so a delta that lies about its target costs no
 * memory, and none reads outside the source.
 *
 * @param allocate gives memory for the target, at least as many bytes as it is asked for.
 * @throws {DeltaError} if the source is not the one it was made for, an instruction is cut short, reserved (opcode 0) or
 * copies from outside the source, or the target comes out at another size than claimed.
 */
export function applyDelta(
  source: Uint8Array,
  delta: Uint8Array,
  allocate: (size: number) => Uint8Array = Buffer.allocUnsafeSlow,
): Uint8Array {
  const { sourceSize, targetSize, instructions } = decodeDeltaHeader(delta);
  if (sourceSize !== source.length) {
    throw new DeltaError(`the delta is for a source of ${sourceSize} bytes, its base has ${source.length}`);
  }
  checkInstructions(delta, instructions, source.length, targetSize);
  const target = allocate(targetSize);
  let written = 0;
  let position = instructions;
  while (position < delta.length) {
    const opcode = delta[position++] as number;
    if ((opcode & 0x80) === 0) {
      copy.call(delta, target, written, position, position + opcode);
      position += opcode;
      written += opcode;
      continue;
    }
    let offset = 0;
    let length = 0;
    if ((opcode & 0x01) !== 0) offset = delta[position++] as number;
    if ((opcode & 0x02) !== 0) offset |= (delta[position++] as number) << 8;
    if ((opcode & 0x04) !== 0) offset |= (delta[position++] as number) << 16;
    if ((opcode & 0x08) !== 0) offset = (offset | ((delta[position++] as number) << 24)) >>> 0;
    if ((opcode & 0x10) !== 0) length = delta[position++] as number;
    if ((opcode & 0x20) !== 0) length |= (delta[position++] as number) << 8;
    if ((opcode & 0x40) !== 0) length |= (delta[position++] as number) << 16;
    if (length === 0) length = 0x10000;
    copy.call(source, target, written, offset, offset + length);
    written += length;
  }
  return target.subarray(0, targetSize);
}

/** One call into memmove. `TypedArray.set` would first make a view of the part to copy, which costs more than the copy. */
const { copy } = Buffer.prototype;

function checkInstructions(delta: Uint8Array, start: number, sourceSize: number, targetSize: number): void {
  let position = start;
  let total = 0;
  while (position < delta.length) {
    const opcode = delta[position++] as number;
    if (opcode === 0) throw new DeltaError("the delta has an instruction of opcode 0, which is reserved");
    if ((opcode & 0x80) === 0) {
      position += opcode;
      total += opcode;
      continue;
    }
    let offset = 0;
    let length = 0;
    if ((opcode & 0x01) !== 0) offset = delta[position++] ?? 0;
    if ((opcode & 0x02) !== 0) offset += (delta[position++] ?? 0) * 0x100;
    if ((opcode & 0x04) !== 0) offset += (delta[position++] ?? 0) * 0x10000;
    if ((opcode & 0x08) !== 0) offset += (delta[position++] ?? 0) * 0x1000000;
    if ((opcode & 0x10) !== 0) length = delta[position++] ?? 0;
    if ((opcode & 0x20) !== 0) length += (delta[position++] ?? 0) * 0x100;
    if ((opcode & 0x40) !== 0) length += (delta[position++] ?? 0) * 0x10000;
    if (length === 0) length = 0x10000;
    if (offset + length > sourceSize) throw new DeltaError("the delta copies from outside its source");
    total += length;
  }
  if (position > delta.length) throw new DeltaError("the delta's last instruction is cut short");
  if (total !== targetSize) throw new DeltaError(`the delta makes ${total} bytes and claims ${targetSize}`);
}

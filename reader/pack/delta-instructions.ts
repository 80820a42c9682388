import { DeltaError, decodeDeltaHeader } from "./delta.ts";
import type { PieceStream } from "./piece-stream.ts";

/** The instructions of a delta as a cursor over its stream, so that a delta of any size is read in pieces. */
export class DeltaInstructions {
  readonly #stream: PieceStream;
  #piece: Uint8Array = new Uint8Array();
  #at = 0;
  /** Bytes of the source, as the delta says. */
  sourceSize = 0;
  /** Bytes of the target, as the delta says. */
  targetSize = 0;
  /** Bytes of the present instruction that are still to be made. */
  left = 0;
  /** Where in the source they lie; undefined if they follow in the delta. */
  from: number | undefined;

  /** @throws {DeltaError} if the delta's header is malformed. @throws as `PieceStream.next`. */
  constructor(stream: PieceStream) {
    this.#stream = stream;
    this.restart();
  }

  /** Goes back to the first instruction. @throws as the constructor. */
  restart(): void {
    this.#stream.restart();
    this.#piece = this.#stream.next() ?? new Uint8Array();
    // A piece is longer than any header.
    const { sourceSize, targetSize, instructions } = decodeDeltaHeader(this.#piece, this.#piece.length);
    this.sourceSize = sourceSize;
    this.targetSize = targetSize;
    this.#at = instructions;
    this.left = 0;
  }

  /** Whether there is no further instruction. */
  get ended(): boolean {
    return this.left === 0 && !this.#fill();
  }

  /**
   * Decodes the next instruction (git's `pack-format`, "deltified representation").
   * @throws {DeltaError} if it is cut short, reserved (opcode 0) or copies from outside the source.
   */
  next(): void {
    const opcode = this.#byte();
    if (opcode === 0) throw new DeltaError("the delta has an instruction of opcode 0, which is reserved");
    if (opcode < 0x80) {
      this.from = undefined;
      this.left = opcode;
      return;
    }
    let offset = 0;
    for (let i = 0; i < 4; i++) if ((opcode & (1 << i)) !== 0) offset += this.#byte() * 2 ** (8 * i);
    let length = 0;
    for (let i = 0; i < 3; i++) if ((opcode & (0x10 << i)) !== 0) length += this.#byte() * 2 ** (8 * i);
    if (length === 0) length = 0x10000;
    if (offset + length > this.sourceSize) throw new DeltaError("the delta copies from outside its source");
    this.from = offset;
    this.left = length;
  }

  /** Takes up to `length` of the bytes that follow in the delta, a view. @throws {DeltaError} */
  take(length: number): Uint8Array {
    if (!this.#fill()) throw cutShort();
    const bytes = this.#piece.subarray(this.#at, this.#at + Math.min(length, this.left));
    this.#at += bytes.length;
    this.left -= bytes.length;
    return bytes;
  }

  /** Frees the memory. */
  close(): void {
    this.#stream.close();
  }

  #byte(): number {
    if (!this.#fill()) throw cutShort();
    return this.#piece[this.#at++] as number;
  }

  /** Whether there are bytes of the delta left. */
  #fill(): boolean {
    if (this.#at < this.#piece.length) return true;
    this.#piece = this.#stream.next() ?? new Uint8Array();
    this.#at = 0;
    return this.#piece.length > 0;
  }
}

function cutShort(): DeltaError {
  return new DeltaError("the delta's last instruction is cut short");
}

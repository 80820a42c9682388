import { OBJECT_HEADER_LENGTH, type ObjectKind, objectIdInPlace } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";

/** Bytes in memory: `size` of them, from `start` on. */
export interface MemoryRange {
  readonly memory: Uint8Array;
  readonly start: number;
  readonly size: number;
}

/** An object that was read: its content, and what it took to make it. */
export interface DecodedObject extends MemoryRange {
  readonly kind: ObjectKind;
  /** Deltas between it and an undeltified object. */
  readonly depth: number;
  /** Units of work that it takes from that object on, cached or not; see `COST`. */
  readonly work: number;
}

/** Memory that a reader writes one object after the other to, and the object that it wrote last. */
export abstract class OutputBuffer implements DecodedObject {
  memory: Uint8Array = new Uint8Array();
  start = 0;
  size = 0;
  kind: ObjectKind = "blob";
  depth = 0;
  work = 0;

  /**
   * Sets `memory` and `start` to where `size` bytes can be written.
   *
   * @param kept a range that must not be overwritten: it is read while the bytes are written.
   * @throws what the buffer throws if it does not hold so many bytes.
   */
  abstract reserve(size: number, kept?: MemoryRange): void;

  /** Notes which object was written to the bytes reserved last. */
  filled(kind: ObjectKind, size: number, depth: number, work: number): void {
    this.kind = kind;
    this.size = size;
    this.depth = depth;
    this.work = work;
  }
}

/**
 * A buffer for objects whose id is computed: before each there are bytes for the header that git hashes with
 * a content.
 */
export abstract class ObjectBuffer extends OutputBuffer {
  override reserve(size: number): void {
    this.start = this.allocate(OBJECT_HEADER_LENGTH + size) + OBJECT_HEADER_LENGTH;
  }

  /** Sets `memory`, and returns the offset in it from which on there are `size` bytes. */
  protected abstract allocate(size: number): number;

  /**
   * The raw id of the object that was read last, each byte a character. Overwrites the bytes before its
   * content.
   */
  id(format: ObjectFormat): string {
    return objectIdInPlace(this.kind, this.memory, this.start, this.size, format);
  }

  /** The content of the object that was read last, a view. */
  get bytes(): Uint8Array {
    return this.memory.subarray(this.start, this.start + this.size);
  }
}

/** New memory for each object. */
export class FreshBuffer extends ObjectBuffer {
  protected override allocate(size: number): number {
    this.memory = Buffer.allocUnsafeSlow(size);
    return 0;
  }
}

import type { Stretch } from "./delta.ts";

/** Memory that objects are read into. */
export interface Room {
  /**
   * Sees to it that from `start` on in `memory` there are so many bytes.
   *
   * @param spare must not be overwritten: it is still needed while the bytes are written.
   * @throws whatever its owner thinks of so many bytes.
   */
  reserve(size: number, spare?: Stretch): void;
  readonly memory: Uint8Array;
  readonly start: number;
}

/** Room for one object, in memory of its own. */
export class FreshRoom implements Room {
  memory: Uint8Array = new Uint8Array();
  readonly start: number;

  /** @param start bytes to be left before the object. */
  constructor(start = 0) {
    this.start = start;
  }

  reserve(size: number): void {
    this.memory = Buffer.allocUnsafeSlow(this.start + size);
  }
}

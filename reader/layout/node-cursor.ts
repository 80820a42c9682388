import { BlockCursor } from "./block-cursor.ts";
import { NUMBER_AT } from "./format.ts";

/** Finds the children of a node that is above the leaves. */
export class NodeCursor extends BlockCursor {
  /** Entries below the children before the present one, and before the one before that. */
  #before = 0;
  #beforeLast = 0;
  /** Of the child that was found: its number in its level, and the entries in this node before those in it. */
  child = 0;
  entriesBefore = 0;

  /** Finds the child that this key is in or below, if it is in the layout. */
  find(key: Uint8Array, length: number): void {
    const difference = this.seek(key, length);
    const isNext = difference > 0 && this.index > 0;
    this.child = this.#firstChild + this.index - (isNext ? 1 : 0);
    this.entriesBefore = isNext ? this.#beforeLast : this.#before;
  }

  /** Finds the child that the entry with this rank, counted from the first below this node, is in or below. */
  findRank(rank: number): void {
    let [low, high] = [0, this.count];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      this.goTo(middle);
      if (this.#before <= rank) low = middle;
      else high = middle;
    }
    this.goTo(low);
    this.child = this.#firstChild + low;
    this.entriesBefore = this.#before;
  }

  get #firstChild(): number {
    const { bytes } = this;
    const high = (bytes[NUMBER_AT] as number) * 2 ** 24;
    return (
      high +
      (((bytes[NUMBER_AT + 1] as number) << 16) |
        ((bytes[NUMBER_AT + 2] as number) << 8) |
        (bytes[NUMBER_AT + 3] as number))
    );
  }

  protected readPayload(): void {
    this.#beforeLast = this.#before;
    this.#before = this.readVarint();
  }
}

import type { ObjectFormat } from "../../reader/git/object-format.ts";

/** Ids in a page. */
const PAGE = 2 ** 12;

/** The table has twice as many slots as ids at least. */
const FEWEST_SLOTS = 2 ** 12;

/**
 * Object ids, each once, numbered from 0 on in the order in which they come. Memory is the bytes of each id,
 * and 8 to 16 for finding it.
 */
export class IdTable {
  readonly format: ObjectFormat;
  readonly #idLength: number;
  readonly #pages: Buffer[] = [];
  /** The number of an id and 1, at the slot that the id's first bytes say, or at one after it; 0 if free. */
  #slots = new Uint32Array(FEWEST_SLOTS);
  #count = 0;

  /** @param format how the objects are named. */
  constructor(format: ObjectFormat) {
    this.format = format;
    this.#idLength = format.idLength;
  }

  get count(): number {
    return this.#count;
  }

  /** The number of a raw id, a new one if it is not in the table. */
  add(id: Uint8Array): number {
    if (2 * this.#count >= this.#slots.length) this.#grow();
    const bytes = Buffer.from(id.buffer, id.byteOffset, this.#idLength);
    let slot = this.#slotOf(bytes, 0);
    for (let taken = this.#slots[slot] as number; taken !== 0; taken = this.#slots[slot] as number) {
      if (this.#is(taken - 1, bytes)) return taken - 1;
      slot = (slot + 1) % this.#slots.length;
    }
    const number = this.#count++;
    this.#slots[slot] = number + 1;
    if (number % PAGE === 0) this.#pages.push(Buffer.allocUnsafeSlow(PAGE * this.#idLength));
    bytes.copy(this.#page(number), this.#start(number));
    return number;
  }

  /** Copies a raw id. */
  copy(number: number, into: Uint8Array, offset: number): void {
    this.#page(number).copy(into, offset, this.#start(number), this.#start(number) + this.#idLength);
  }

  firstByte(number: number): number {
    return this.#page(number)[this.#start(number)] as number;
  }

  /** Hexadecimal digits. */
  hex(number: number): string {
    return this.#page(number).toString("hex", this.#start(number), this.#start(number) + this.#idLength);
  }

  /** Where the id of one number comes beside that of another: negative for before. */
  compare(a: number, b: number): number {
    const [from, other] = [this.#start(a), this.#start(b)];
    return this.#page(a).compare(this.#page(b), other, other + this.#idLength, from, from + this.#idLength);
  }

  #is(number: number, id: Buffer): boolean {
    return id.compare(this.#page(number), this.#start(number), this.#start(number) + this.#idLength) === 0;
  }

  /** Where an id lies in its page. */
  #start(number: number): number {
    return (number % PAGE) * this.#idLength;
  }

  #page(number: number): Buffer {
    return this.#pages[Math.floor(number / PAGE)] as Buffer;
  }

  /** The first that may have an id. Its bytes are as good as random. */
  #slotOf(bytes: Buffer, offset: number): number {
    return bytes.readUInt32LE(offset) % this.#slots.length;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let number = 0; number < this.#count; number++) {
      let slot = this.#slotOf(this.#page(number), this.#start(number));
      while (this.#slots[slot] !== 0) slot = (slot + 1) % this.#slots.length;
      this.#slots[slot] = number + 1;
    }
  }
}

import { ID_LENGTH } from "../../reader/git/object-id.ts";

/** Ids in a page. */
const PAGE = 2 ** 12;

/** The table has twice as many slots as ids at least. */
const FEWEST_SLOTS = 2 ** 12;

/**
 * Object ids, each once, numbered from 0 on in the order in which they come. Memory is 20 bytes an id and 8
 * to 16 for finding it.
 */
export class IdTable {
  readonly #pages: Buffer[] = [];
  /** The number of an id and 1, at the slot that the id's first bytes say, or at one after it; 0 if free. */
  #slots = new Uint32Array(FEWEST_SLOTS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The number of a raw id, a new one if it is not in the table. */
  add(id: Uint8Array): number {
    if (2 * this.#count >= this.#slots.length) this.#grow();
    const bytes = Buffer.from(id.buffer, id.byteOffset, ID_LENGTH);
    let slot = this.#slotOf(bytes, 0);
    for (let taken = this.#slots[slot] as number; taken !== 0; taken = this.#slots[slot] as number) {
      if (this.#is(taken - 1, bytes)) return taken - 1;
      slot = (slot + 1) % this.#slots.length;
    }
    const number = this.#count++;
    this.#slots[slot] = number + 1;
    if (number % PAGE === 0) this.#pages.push(Buffer.allocUnsafeSlow(PAGE * ID_LENGTH));
    bytes.copy(this.#page(number), start(number));
    return number;
  }

  /** Copies a raw id. */
  copy(number: number, into: Uint8Array, offset: number): void {
    this.#page(number).copy(into, offset, start(number), start(number) + ID_LENGTH);
  }

  firstByte(number: number): number {
    return this.#page(number)[start(number)] as number;
  }

  /** 40 hexadecimal digits. */
  hex(number: number): string {
    return this.#page(number).toString("hex", start(number), start(number) + ID_LENGTH);
  }

  /** Where the id of one number comes beside that of another: negative for before. */
  compare(a: number, b: number): number {
    const [from, other] = [start(a), start(b)];
    return this.#page(a).compare(this.#page(b), other, other + ID_LENGTH, from, from + ID_LENGTH);
  }

  #is(number: number, id: Buffer): boolean {
    return id.compare(this.#page(number), start(number), start(number) + ID_LENGTH) === 0;
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
      let slot = this.#slotOf(this.#page(number), start(number));
      while (this.#slots[slot] !== 0) slot = (slot + 1) % this.#slots.length;
      this.#slots[slot] = number + 1;
    }
  }
}

function start(number: number): number {
  return (number % PAGE) * ID_LENGTH;
}

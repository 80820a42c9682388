/** Numbers in a page. */
const PAGE = 2 ** 13;

/** A list of numbers that grows without being copied: 4 bytes a number of 32 bits, 8 bytes any other. */
export class NumberList {
  readonly #pages: (Uint32Array | Float64Array)[] = [];
  readonly #type: typeof Uint32Array | typeof Float64Array;
  #length = 0;

  /** @param type what the numbers are kept in. Default: unsigned, 32 bits. */
  constructor(type: typeof Uint32Array | typeof Float64Array = Uint32Array) {
    this.#type = type;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const index = this.#length++;
    const page = Math.floor(index / PAGE);
    if (page === this.#pages.length) this.#pages.push(new this.#type(PAGE));
    (this.#pages[page] as Uint32Array)[index % PAGE] = value;
  }

  /** Takes the last number off; undefined if there is none. */
  pop(): number | undefined {
    if (this.#length === 0) return undefined;
    return this.at(--this.#length);
  }

  at(index: number): number {
    return (this.#pages[Math.floor(index / PAGE)] as Uint32Array)[index % PAGE] as number;
  }

  set(index: number, value: number): void {
    (this.#pages[Math.floor(index / PAGE)] as Uint32Array)[index % PAGE] = value;
  }
}

/** Numbers in a page. */
const PAGE = 2 ** 14;

/** A list of unsigned numbers of 32 bits that grows without being copied: 4 bytes a number. */
export class NumberList {
  readonly #pages: Uint32Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const at = this.#length++;
    const page = Math.floor(at / PAGE);
    if (page === this.#pages.length) this.#pages.push(new Uint32Array(PAGE));
    (this.#pages[page] as Uint32Array)[at % PAGE] = value;
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

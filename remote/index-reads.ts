/** Reads of an index after which all of it is fetched: who looks up many ids reads it all. */
const READS = 3;

/** Bytes of the largest index that is fetched so. */
const LARGEST = 4 * 1024 * 1024;

/** Notes reads of the index at an image's end: its ids are in no order that reading ahead would recognize. */
export class IndexReads {
  /** Bytes of the image before it; as many as the image has, until that is known. */
  offset: number;
  readonly #size: number;
  #reads = 0;

  /** @param size bytes of the image. */
  constructor(size: number) {
    this.#size = size;
    this.offset = size;
  }

  /** Bytes of the index and of what follows it. */
  get length(): number {
    return this.#size - this.offset;
  }

  /** Says where the index begins. */
  begin(offset: number): void {
    this.offset = offset;
  }

  /** Takes note of a read. @returns true once, when all of the index is worth fetching. */
  isReadAtRandom(offset: number): boolean {
    if (offset < this.offset || this.length > LARGEST) return false;
    return ++this.#reads === READS;
  }
}

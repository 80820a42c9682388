import type { EntryType } from "../git/tree.ts";
import { BlockCursor, malformed } from "./block-cursor.ts";
import {
  DISORDERED,
  type EntryRange,
  MAX_BASES,
  type ObjectLocation,
  SAME_BASES,
  SAME_REST,
  TYPES,
} from "./format.ts";
import { unzigzag } from "./varint.ts";

const TREE = TYPES.indexOf("tree");
const GITLINK = TYPES.indexOf("gitlink");

/** Goes through the entries of a leaf; `PayloadWriter` says what it reads. */
export class LeafCursor extends BlockCursor {
  /** Where the object lies in the PACK, and its size; not of a submodule. */
  offset = 0;
  length = 0;
  size = 0;
  readonly #idLength: number;
  #idAt = 0;
  #treeEnd = 0;
  #blobEnd = 0;
  readonly #bases = new Float64Array(2 * MAX_BASES);
  /** Of the last delta; `SAME_BASES` and `SAME_REST` refer to them. */
  #baseCount = 0;
  #isDelta = false;

  /** @param idLength bytes of an object id. */
  constructor(idLength: number) {
    super();
    this.#idLength = idLength;
  }

  get type(): EntryType {
    const type = TYPES[this.tag];
    if (type === undefined) throw malformed();
    return type;
  }

  /** Whether this is no entry, but says that its folder's tree is out of order. */
  get isDisorderMark(): boolean {
    return this.tag === DISORDERED;
  }

  /** The raw id, a view into the block. */
  get id(): Uint8Array {
    return this.bytes.subarray(this.#idAt, this.#idAt + this.#idLength);
  }

  /** Where the object lies; undefined of a submodule. */
  get location(): ObjectLocation | undefined {
    if (this.tag === GITLINK) return undefined;
    const bases: EntryRange[] = [];
    for (let base = 0; this.#isDelta && base < this.#baseCount; base++) {
      bases.push({
        offset: this.#bases[2 * base] as number,
        length: this.#bases[2 * base + 1] as number,
      });
    }
    return { offset: this.offset, length: this.length, size: this.size, bases };
  }

  protected readPayload(isRestart: boolean): void {
    if (isRestart) {
      this.#treeEnd = 0;
      this.#blobEnd = 0;
      this.#baseCount = 0;
    }
    if (this.tag === DISORDERED) return;
    this.#idAt = this.position;
    this.position += this.#idLength;
    if (this.tag === GITLINK) return;
    const head = this.readVarint();
    const isTree = this.tag === TREE;
    const offset = (isTree ? this.#treeEnd : this.#blobEnd) + unzigzag(Math.floor(head / 8));
    this.length = this.readVarint();
    this.size = this.readVarint();
    this.offset = offset;
    if (isTree) this.#treeEnd = offset + this.length;
    else this.#blobEnd = offset + this.length;
    this.#readBases(head % 8);
  }

  #readBases(how: number): void {
    this.#isDelta = how !== 0;
    if (how === 0 || how === SAME_BASES) return;
    if (how > MAX_BASES && how !== SAME_REST) throw malformed();
    const listed = how === SAME_REST ? 1 : how;
    if (how !== SAME_REST) this.#baseCount = listed;
    let { offset } = this;
    for (let base = 0; base < listed; base++) {
      offset -= unzigzag(this.readVarint());
      this.#bases[2 * base] = offset;
      this.#bases[2 * base + 1] = this.readVarint();
    }
  }
}

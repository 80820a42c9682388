import type { ObjectKind } from "../../reader/git/object.ts";
import { encodeEntryHeader, encodePackHeader } from "../../reader/pack/format.ts";
import { NumberList } from "../number-list.ts";
import { writeIdxFile } from "../packing/idx-file.ts";
import type { PackFiles } from "../packing/pack-objects.ts";
import { sortIndexes } from "../sort-indexes.ts";
import type { IdTable } from "./id-table.ts";
import { PackFile } from "./pack-file.ts";

/**
 * A PACK of undeltified objects for this program and the git that it runs: its trailer is no checksum, git
 * compares it with that in the IDX only. Memory is 16 bytes an object. Methods throw what `fs` throws.
 */
export class StagingPack implements Disposable {
  readonly #file: PackFile;
  readonly #files: PackFiles;
  readonly #ids: IdTable;
  /** Of each entry: the number of its object, its offset, its CRC-32. */
  readonly #numbers = new NumberList();
  readonly #offsets = new NumberList(Float64Array);
  readonly #crcs = new NumberList();

  /**
   * Creates the PACK's file, which must not exist.
   * @param start the path of PACK and IDX without `.pack` and `.idx`.
   * @param ids has the ids of its objects, which must not change before `finish`.
   */
  constructor(start: string, ids: IdTable) {
    this.#files = { pack: `${start}.pack`, idx: `${start}.idx` };
    this.#file = new PackFile(this.#files.pack);
    this.#file.append(encodePackHeader(0));
    this.#ids = ids;
  }

  /** Objects in it. */
  get count(): number {
    return this.#numbers.length;
  }

  /** The number of the object that came at a position, from 0 on. */
  numberAt(position: number): number {
    return this.#numbers.at(position);
  }

  /** Begins an entry of `size` bytes of content; its zlib stream is to be appended. */
  beginEntry(kind: ObjectKind, size: number): void {
    this.#offsets.push(this.#file.beginEntry());
    this.#file.append(encodeEntryHeader({ kind, size }));
  }

  /** Appends bytes of the entry's zlib stream. */
  append(bytes: Uint8Array): void {
    this.#file.append(bytes);
  }

  /** Ends an entry, that of the object with this number. */
  endEntry(number: number): void {
    this.#numbers.push(number);
    this.#crcs.push(this.#file.crc);
  }

  /** Drops the entry that was begun. */
  dropEntry(): void {
    this.#file.rewind(this.#offsets.pop() as number);
  }

  /** Completes the PACK, and writes its IDX. */
  finish(): PackFiles {
    const { format } = this.#ids;
    const trailer = new Uint8Array(format.idLength);
    this.#file.append(trailer);
    this.#file.overwriteStart(encodePackHeader(this.count));
    const numberAt = (index: number) => this.#numbers.at(order[index] as number);
    const compare = (a: number, b: number) => this.#ids.compare(this.#numbers.at(a), this.#numbers.at(b));
    const order = sortIndexes(this.count, compare);
    writeIdxFile(this.#files.idx, {
      format,
      count: this.count,
      firstByteAt: (index: number) => this.#ids.firstByte(numberAt(index)),
      copyId: (index: number, into: Uint8Array, offset: number) => {
        this.#ids.copy(numberAt(index), into, offset);
      },
      crcAt: (index: number) => this.#crcs.at(order[index] as number),
      offsetAt: (index: number) => this.#offsets.at(order[index] as number),
      trailer,
    });
    return this.#files;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { openFileDevice } from "../../reader/block/file.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { Pack } from "../../reader/pack/pack.ts";

/** Files that are open at a time; there may be more PACKs than a process may open. */
const MAX_OPEN = 128;

/** Finds the base of a REF_DELTA by its raw id. @returns the offset in the same PACK. */
export type FindBase = (id: Uint8Array) => number | undefined;

/** Several PACKs, of which each has the bases of its own deltas. Numbers name them, from 0 on. */
export class SourcePacks implements Disposable {
  /** Bytes up to where the entries of each end. */
  readonly ends: Float64Array;
  readonly #format: ObjectFormat;
  readonly #files: readonly string[];
  readonly #open = new Map<number, number>();
  readonly #readers = new Map<number, { readonly pack: Pack; close(): void }>();

  /** @param files the PACKs. @param format how their objects are named. */
  constructor(files: readonly string[], format: ObjectFormat) {
    this.#format = format;
    this.#files = files;
    this.ends = Float64Array.from(files, (pack) => statSync(pack).size - format.idLength);
  }

  /** Reads `length` bytes of a PACK from `offset` on to the start of `into`. @throws what `fs` throws. */
  read(source: number, offset: number, length: number, into: Uint8Array): void {
    const fd = this.#fd(source);
    for (let done = 0; done < length; ) {
      const count = readSync(fd, into, done, length - done, offset + done);
      if (count === 0) throw new Error(`${this.#files[source]} became shorter`);
      done += count;
    }
  }

  /** A reader of a PACK's objects; it stays open. */
  reader(source: number, findBase: FindBase): Pack {
    const known = this.#readers.get(source);
    if (known !== undefined) return known.pack;
    if (this.#readers.size >= MAX_OPEN) this.#closeReaders();
    const device = openFileDevice(this.#files[source] as string);
    const cache = new SectorCache(device);
    const pack = new Pack(cache, 0, cache.size, findBase, { format: this.#format });
    this.#readers.set(source, { pack, close: () => device.close() });
    return pack;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
    this.#closeReaders();
  }

  #closeReaders(): void {
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
  }

  /** The PACK that was opened first is closed for another: entries in the order of paths come from few. */
  #fd(source: number): number {
    let fd = this.#open.get(source);
    if (fd !== undefined) return fd;
    if (this.#open.size >= MAX_OPEN) {
      const [oldest, opened] = this.#open.entries().next().value as [number, number];
      this.#open.delete(oldest);
      closeSync(opened);
    }
    fd = openSync(this.#files[source] as string, "r");
    this.#open.set(source, fd);
    return fd;
  }
}

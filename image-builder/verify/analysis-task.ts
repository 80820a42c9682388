import { ID_LENGTHS } from "../../reader/git/object-format.ts";
import type { ImageHeader } from "../../reader/image/header.ts";
import { NODE_FORMATS } from "../../reader/node-platform.ts";
import { EntryTable } from "../../reader/pack/entry-table.ts";

/** What the threads that analyze one PACK share. */
export interface AnalysisTask {
  /** Those of the image. */
  readonly path: string;
  readonly header: ImageHeader;
  /** Entries of the PACK. */
  readonly count: number;
  /** How many threads take part, each of which has a number from 0 on. */
  readonly threads: number;
  /** As for `boundsOf`. */
  readonly workFactor: number;
  /** The memory of an `EntryTable`. */
  readonly table: ArrayBufferLike;
  /** The memory of a `DeltaForest`. */
  readonly forest: ArrayBufferLike;
  /** The numbers that the threads count with; see `Counter`. */
  readonly counters: Int32Array;
  /** Gets the trailer of the PACK, once that is verified. */
  readonly trailer: Uint8Array;
}

/** Indexes in the counters of a task. */
export const Counter = {
  /** Changes with each of the others that a thread waits for. */
  events: 0,
  /** 1 when a thread has failed, or has met anything that is not as it must be. */
  failed: 1,
  /** 1 when the offsets of all entries are known. */
  planned: 2,
  /** The next entry whose header is to be read, and how many have been. */
  nextHeader: 3,
  headers: 4,
  /** 1 when every delta is linked to its base. */
  linked: 5,
  /** The next entry that is to be identified with all that builds on it, and how many have been. */
  nextEntry: 6,
  identified: 7,
  /** Threads that have no entry left to identify. */
  finished: 8,
  /** 1 when the entries are in the order of their ids, and when the IDX has been compared with them. */
  sorted: 9,
  comparedIdx: 10,
  /** Work that all threads have done, in units of 2^20. */
  work: 11,
} as const;

/** Makes the memory of a task; shared memory if there is more than one thread. */
export function analysisTask(
  path: string,
  header: ImageHeader,
  count: number,
  threads: number,
  workFactor = 1,
): AnalysisTask {
  const memory = (bytes: number) => (threads > 1 ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  return {
    path,
    header,
    count,
    threads,
    workFactor,
    table: memory(EntryTable.byteLength(count, NODE_FORMATS[header.hash])),
    forest: memory(forestLength(count)),
    counters: new Int32Array(memory(Object.keys(Counter).length * Int32Array.BYTES_PER_ELEMENT)),
    trailer: new Uint8Array(memory(ID_LENGTHS[header.hash])),
  };
}

/** Has all threads of a task end. */
export function giveUp({ counters }: AnalysisTask): void {
  Atomics.store(counters, Counter.failed, 1);
  Atomics.add(counters, Counter.events, 1);
  Atomics.notify(counters, Counter.events);
}

/** Bytes of memory of a `DeltaForest` of so many entries: three numbers of four bytes and one of two. */
export function forestLength(count: number): number {
  return count * 14;
}

import type { BlockDevice } from "../../reader/block/device.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { boundsOf } from "../../reader/bounds.ts";
import { DocteurError, InvalidImageError } from "../../reader/errors.ts";
import { objectId } from "../../reader/git/object.ts";
import { hex, sameId } from "../../reader/git/object-id.ts";
import { HEADER_SIZE, readHeader } from "../../reader/image/header.ts";
import { EntryTable } from "../../reader/pack/entry-table.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { Pack } from "../../reader/pack/pack.ts";
import { scanEntries } from "../../reader/pack/scan.ts";
import { Work, WorkLimitError } from "../../reader/pack/work.ts";
import { MAX_FAULTS } from "./max-faults.ts";

/**
 * The fault of each damaged object that the IDX of an image names, in the order of the IDX, as far as the
 * work is within bounds. An object whose base is damaged is damaged, too. Returns none if the header or the
 * IDX itself cannot be read.
 */
export function examineObjects(device: BlockDevice): InvalidImageError[] {
  const faults: InvalidImageError[] = [];
  const cache = new SectorCache(device);
  const opened = attempt(faults, () => {
    const { indexOffset } = readHeader(cache);
    return { indexOffset, idx: new Idx(cache, indexOffset, indexOffset - HEADER_SIZE) };
  });
  if (opened === undefined) return [];
  const { indexOffset, idx } = opened;
  const work = new Work(boundsOf(indexOffset - HEADER_SIZE).commandWork);
  const pack = new Pack(cache, HEADER_SIZE, indexOffset, (id) => idx.find(id), { work });
  for (let index = 0; index < idx.count && faults.length < MAX_FAULTS; index++) {
    const id = idx.idAt(index);
    try {
      attempt(faults, () => examine(id, idx, pack, cache), hex(id));
    } catch (error) {
      if (error instanceof WorkLimitError && pack.work.isSpent) break;
      if (!(error instanceof DocteurError)) throw error;
      // An object that is too large or too costly to read may be undamaged.
    }
  }
  return faults;
}

function examine(id: Uint8Array, idx: Idx, pack: Pack, cache: SectorCache): void {
  const offset = idx.find(id);
  if (offset === undefined) {
    throw new InvalidImageError("idx-entry", "a search of the IDX does not find an id that is in it", {
      object: hex(id),
    });
  }
  if (!sameId(idAt(offset, pack, cache), id)) {
    const where = { offset: HEADER_SIZE + offset, object: hex(id) };
    throw new InvalidImageError("object-id", "the content does not match its id", where);
  }
}

function idAt(offset: number, pack: Pack, cache: SectorCache): Uint8Array {
  if (pack.entries.header(offset).kind === undefined) {
    const { kind, bytes } = pack.readBase(offset);
    return objectId(kind, bytes);
  }
  // Through a window: an undeltified object may be of any size.
  const table = new EntryTable(1);
  scanEntries(cache, pack, HEADER_SIZE, { offset, first: 0, count: 1 }, table);
  return table.id(0);
}

function attempt<Result>(
  faults: InvalidImageError[],
  work: () => Result,
  object?: string,
): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvalidImageError)) throw error;
    faults.push(object === undefined || error.object !== undefined ? error : error.withObject(object));
    return undefined;
  }
}

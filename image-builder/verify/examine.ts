import type { BlockDevice } from "../../reader/block/device.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { boundsOf } from "../../reader/bounds.ts";
import { DocteurError, InvalidImageError } from "../../reader/errors.ts";
import type { HashFunctions } from "../../reader/git/hash.ts";
import { objectId } from "../../reader/git/object.ts";
import { objectFormat } from "../../reader/git/object-format.ts";
import { hex, sameId } from "../../reader/git/object-id.ts";
import { type ImageHeader, readHeader } from "../../reader/image/header.ts";
import { NODE_PLATFORM } from "../../reader/node-platform.ts";
import { EntryTable } from "../../reader/pack/entry-table.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { Pack } from "../../reader/pack/pack.ts";
import { scanEntries } from "../../reader/pack/scan.ts";
import { Work, WorkLimitError } from "../../reader/pack/work.ts";
import { collisionFault } from "./collision-fault.ts";
import { MAX_FAULTS } from "./max-faults.ts";
import { CollisionError } from "./sha1dc/collision-error.ts";

/**
 * The fault of each damaged object that the IDX of an image names, in the order of the IDX, as far as the
 * work is within bounds. An object whose base is damaged is damaged, too. Returns none if the header or the
 * IDX itself cannot be read.
 * @param functions what hashes.
 */
export function examineObjects(
  device: BlockDevice,
  functions: HashFunctions = NODE_PLATFORM,
): InvalidImageError[] {
  const faults: InvalidImageError[] = [];
  const cache = new SectorCache(device);
  const opened = attempt(faults, () => {
    const header = readHeader(cache);
    const { hash, packStart, indexOffset } = header;
    const format = objectFormat(hash, functions);
    const idx = new Idx(cache, indexOffset, indexOffset - packStart, format);
    return { header, idx, format };
  });
  if (opened === undefined) return [];
  const { header, idx, format } = opened;
  const { packStart, indexOffset } = header;
  const work = new Work(boundsOf(indexOffset - packStart).commandWork);
  const options = { format, work };
  const pack = new Pack(cache, packStart, indexOffset, (id) => idx.find(id), options);
  for (let index = 0; index < idx.count && faults.length < MAX_FAULTS; index++) {
    const id = idx.idAt(index);
    try {
      attempt(faults, () => examine(id, idx, pack, cache, header), hex(id));
    } catch (error) {
      if (error instanceof WorkLimitError && pack.work.isSpent) break;
      if (!(error instanceof DocteurError)) throw error;
      // An object that is too large or too costly to read may be undamaged.
    }
  }
  return faults;
}

function examine(id: Uint8Array, idx: Idx, pack: Pack, cache: SectorCache, { packStart }: ImageHeader): void {
  const offset = idx.find(id);
  if (offset === undefined) {
    throw new InvalidImageError("idx-entry", "a search of the IDX does not find an id that is in it", {
      object: hex(id),
    });
  }
  const { found, collides } = detect(() => idAt(offset, pack, cache, packStart));
  if (!sameId(found, id)) {
    const where = { offset: packStart + offset, object: hex(id) };
    throw new InvalidImageError("object-id", "the content does not match its id", where);
  }
  if (collides) throw collisionFault(id, packStart + offset);
}

function detect(compute: () => Uint8Array): { found: Uint8Array; collides: boolean } {
  try {
    return { found: compute(), collides: false };
  } catch (error) {
    if (!(error instanceof CollisionError)) throw error;
    return { found: error.sha1, collides: true };
  }
}

function idAt(offset: number, pack: Pack, cache: SectorCache, packStart: number): Uint8Array {
  if (pack.entries.header(offset).kind === undefined) {
    const { kind, bytes } = pack.readBase(offset);
    return objectId(kind, bytes, pack.format);
  }
  // Through a window: an undeltified object may be of any size.
  const table = new EntryTable(1, pack.format);
  scanEntries(cache, pack, packStart, { offset, first: 0, count: 1 }, table);
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

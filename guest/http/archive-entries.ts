import { hex } from "../../reader/git/object-id.ts";
import type { EntryType } from "../../reader/git/tree.ts";
import type { Store } from "../../reader/store/store.ts";

/** An entry below a folder. */
export interface ArchiveEntry {
  readonly type: EntryType;
  /** Object id, hexadecimal. */
  readonly id: string;
  /** Its path from that folder on; that of a folder or submodule ends in a slash. */
  readonly path: Uint8Array;
  /** Its path in the image. */
  readonly imagePath: Uint8Array;
}

/**
 * How many entries of a listing an entry of an archive counts for: a million of them are read, and two more
 * for each object of the image (`listingLimits`).
 */
const WEIGHT = 16;

/** The work of going to an entry, as so many bytes of a content: a folder's tree may be on the disk. */
export function workOf({ type }: ArchiveEntry): number {
  return type === "tree" ? WORK_OF_TREE : WORK_OF_ENTRY;
}

const WORK_OF_TREE = 16 * 1024;
const WORK_OF_ENTRY = 1024;

const SLASH = Uint8Array.of(0x2f);
const NOWHERE = new Uint8Array();

/**
 * Everything below a folder, in the order of `git archive`: a folder before its entries.
 *
 * @param folder its path in the image, without a slash at its ends; a submodule is empty.
 * @throws {DocteurError} `LISTING_TOO_LARGE`, `LAYOUT_TOO_LARGE`, beyond the limits of a listing. @throws
 * {InvalidImageError} where a folder is damaged.
 */
export function* entriesBelow(store: Store, folder: Uint8Array): Generator<ArchiveEntry> {
  const descent = store.descend(folder, NOWHERE, WEIGHT);
  const above = folder.length === 0 ? NOWHERE : Buffer.concat([folder, SLASH]);
  while (descent?.next()) {
    const { type, path } = descent;
    const isFolder = type === "tree" || type === "gitlink";
    yield {
      type,
      id: hex(descent.id),
      path: Buffer.concat([path, isFolder ? SLASH : NOWHERE]),
      imagePath: Buffer.concat([above, path]),
    };
  }
}

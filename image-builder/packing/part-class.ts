import type { ObjectKind } from "../../reader/git/object.ts";
import { BIG_FILE_THRESHOLD, LARGE_FILE } from "./compression.ts";
import { largeSearch, type Search, smallSearch } from "./deltify.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * What is packed together, by kind and size: objects of one class are deltas of one another only. A reader
 * inflates the base of a file, too, so that a base is not to be many times as large.
 */
export interface PartClass {
  readonly name: "folders" | "small files" | "files" | "middling files" | "large files" | "huge files";
  /** Bytes of the largest file. */
  readonly most: number;
  /**
   * Bytes of content in a part. Files find better bases where a part ends soon and a new one begins: 16 MiB
   * make the PACK of 350 MB of HTML 1.5 % smaller than 64 MiB, the sources of Linux no larger.
   */
  readonly partBytes: number;
  /** Objects in a part. */
  readonly partObjects: number;
}

/** Objects of a part that git packs. */
const OBJECTS = 100_000;

const FOLDERS: PartClass = {
  name: "folders",
  most: Number.POSITIVE_INFINITY,
  partBytes: 64 * MIB,
  partObjects: OBJECTS,
};

/**
 * Up to these bytes `packBlobs` finds smaller deltas than git does, and takes more time: 38,000 pages of
 * 500 bytes take 25 % less. A part is in memory, which takes some KiB an object.
 */
const SMALL: PartClass = { name: "small files", most: 4 * KIB, partBytes: 16 * MIB, partObjects: 16_384 };

/**
 * A bound of 32 KiB: on the 350 MB of HTML up to 256 KiB, without it the PACK is 1 % larger, with a second one
 * at 16 KiB 6 %.
 */
const FILES: PartClass = { name: "files", most: 32 * KIB, partBytes: 16 * MIB, partObjects: OBJECTS };
const MIDDLING: PartClass = {
  name: "middling files",
  most: LARGE_FILE,
  partBytes: 16 * MIB,
  partObjects: OBJECTS,
};

/**
 * How many times as large as another a large file may be that is packed together with it; 1.25 makes fewer
 * deltas. Measured on 155 HTML files from 256 KiB to 4 MiB: without a bound, bases are twice as large as the
 * files on them, on average, reading all files takes 13 % more time, and the PACK is larger, since a file that
 * is many times as large is hardly ever the most alike.
 */
const LARGE_RATIO = 1.5;

/** Never in memory as a whole, and no deltas. */
const HUGE: PartClass = {
  name: "huge files",
  most: Number.POSITIVE_INFINITY,
  partBytes: 64 * MIB,
  partObjects: OBJECTS,
};

/** All classes; those of files in ascending order of their sizes. */
export const PART_CLASSES: readonly PartClass[] = [FOLDERS, SMALL, FILES, MIDDLING, ...largeClasses(), HUGE];

function* largeClasses(): Generator<PartClass> {
  for (let most = LARGE_FILE; most < BIG_FILE_THRESHOLD; ) {
    most = Math.min(BIG_FILE_THRESHOLD, Math.round(most * LARGE_RATIO));
    yield { name: "large files", most, partBytes: 32 * MIB, partObjects: OBJECTS };
  }
}

/** The class of an object of so many bytes. */
export function partClassOf(kind: ObjectKind, size: number): PartClass {
  if (kind !== "blob") return FOLDERS;
  return PART_CLASSES.find((each) => each !== FOLDERS && size <= each.most) as PartClass;
}

/** How bases are searched in a class; undefined where git does it. */
export function searchFor({ name }: PartClass): Search | undefined {
  if (name === "small files") return smallSearch();
  return name === "large files" ? largeSearch() : undefined;
}

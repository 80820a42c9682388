import { deflateSync } from "node:zlib";
import type { Effort } from "./compression.ts";
import { LargeDeltaEncoder } from "./large-delta-encoder.ts";
import { SimilarObjects } from "./similar-objects.ts";
import { sketch } from "./sketch.ts";
import { SmallDeltaEncoder } from "./small-delta-encoder.ts";

/** How bases are searched, and which deltas are worth it. */
export interface Search {
  readonly encoder: {
    encode(base: Uint8Array, target: Uint8Array, most: number): Uint8Array | undefined;
  };
  /** Objects that are tried for each ten of the window: with a similar sketch, and neighbours. */
  readonly similar: number;
  readonly neighbours: number;
  /** The longest delta that is tried, as a part of the object. */
  readonly longest: number;
  /** What a delta saves at least, in its stream, as a part of the object. */
  readonly gain: number;
  /** zlib's: the less memory, the shorter the blocks, each with codes that suit it. */
  readonly memLevel: number;
}

/** For small files, in which any byte counts. */
export const smallSearch = (): Search => ({
  encoder: new SmallDeltaEncoder(),
  similar: 2,
  neighbours: 2,
  longest: 1,
  gain: 0,
  memLevel: 8,
});

/**
 * For large files, of which most deflate well: to build one from a base takes a reader about a third longer
 * than to inflate it. Measured on 155 HTML files (129 MB): deltas that save 4 % of the object are a quarter of
 * all, and two thirds of what all of them save.
 */
export const largeSearch = (): Search => ({
  encoder: new LargeDeltaEncoder(),
  similar: 0,
  neighbours: 2,
  longest: 0.4,
  gain: 0.02,
  memLevel: 6,
});

/** A delta on a delta has to be that much smaller than one on an undeltified object. */
const DEEPER = 2;

/** Bytes of zlib's buffer, which are enough for most streams. */
const STREAM = 2048;

/** Bytes of the distance to a base, nearly always. */
const DISTANCE = 3;

/** The sketch of an object that is not to be found by it. */
const NOTHING = new Uint32Array();

/** An object as it is packed. */
export interface BlobEntry {
  /** The number of the object that it is a delta of; undefined if undeltified. */
  readonly base: number | undefined;
  /** Bytes that `stream` inflates to: the delta, or the object. */
  readonly size: number;
  readonly stream: Uint8Array;
}

/**
 * Makes each object a delta of one before it, if that is smaller. Tried are those with a similar sketch,
 * neighbours, and the first of the same name (a text and its translation).
 *
 * Bases that are deltas themselves count less. Otherwise, of many that are alike, one would be a delta of
 * another, all others of that one, and none of them a base where chains end at two.
 *
 * @param contents of the objects, similar ones next to each other; their indexes are their numbers.
 * @param nameAt the name of an object's file, without folders.
 */
export function* deltify(
  contents: readonly Uint8Array[],
  nameAt: (number: number) => string,
  { level, window, depth }: Effort,
  search: Search,
): Generator<BlobEntry> {
  const { encoder } = search;
  const similar = new SimilarObjects();
  const firstOfName = new Map<string, number>();
  const depths = new Uint16Array(contents.length);
  const bases: number[] = [];
  const tens = Math.ceil(window / 10);
  for (const [number, content] of contents.entries()) {
    const hashes = search.similar === 0 ? NOTHING : sketch(content);
    const name = nameAt(number);
    const namesake = firstOfName.get(name);
    const candidates = new Set([
      ...(namesake === undefined || search.similar === 0 ? [] : [namesake]),
      ...similar.find(hashes, search.similar * tens),
      ...bases.slice(-search.neighbours * tens).reverse(),
    ]);
    let delta: Uint8Array | undefined;
    let base: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const candidate of candidates) {
      const weight = depths[candidate] === 0 ? 1 : DEEPER;
      const most = Math.min(Math.ceil(search.longest * content.length), Math.ceil(least / weight)) - 1;
      const found = encoder.encode(contents[candidate] as Uint8Array, content, most);
      if (found === undefined) continue;
      delta = found.slice();
      base = candidate;
      least = delta.length * weight;
    }
    const settings = { level, memLevel: search.memLevel, chunkSize: Math.max(STREAM, content.length >> 3) };
    let whole: Uint8Array = deflateSync(content, settings);
    // Of what does not deflate, short blocks are only more blocks.
    if (whole.length > content.length) whole = deflateSync(content, { ...settings, memLevel: 8 });
    const stream = delta && deflateSync(delta, settings);
    if (stream === undefined || stream.length + DISTANCE + search.gain * content.length >= whole.length) {
      yield { base: undefined, size: content.length, stream: whole };
    } else {
      depths[number] = (depths[base as number] as number) + 1;
      yield { base, size: (delta as Uint8Array).length, stream };
    }
    if ((depths[number] as number) >= depth) continue;
    similar.add(hashes, number);
    bases.push(number);
    if (namesake === undefined) firstOfName.set(name, number);
  }
}

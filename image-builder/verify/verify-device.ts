import type { BlockDevice } from "../../reader/block/device.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { boundsOf } from "../../reader/bounds.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { parseCommit } from "../../reader/git/commit.ts";
import type { HashFunctions } from "../../reader/git/hash.ts";
import type { ObjectKind } from "../../reader/git/object.ts";
import { objectFormat } from "../../reader/git/object-format.ts";
import { raw } from "../../reader/git/object-id.ts";
import { type ImageHeader, readHeader, SECTOR_SIZE } from "../../reader/image/header.ts";
import { NODE_PLATFORM } from "../../reader/node-platform.ts";
import { analyzePack } from "../../reader/pack/analyze.ts";
import { layoutOf } from "../../reader/pack/idx-encode.ts";
import { idxLayout } from "../../reader/pack/idx-format.ts";
import { Objects } from "../../reader/pack/objects.ts";
import { Pack } from "../../reader/pack/pack.ts";
import type { PackAnalysis } from "../../reader/pack/pack-analysis.ts";
import { readPackHeader } from "../../reader/pack/scan.ts";
import { Work } from "../../reader/pack/work.ts";
import { boundedTrees } from "../layout/bounded-trees.ts";
import { checkLayout } from "../layout/check-layout.ts";
import type { LayoutOf } from "../layout/layout-blocks.ts";
import { listedBases } from "../layout/listed-bases.ts";
import { checkIdx, checkIdxFits } from "./check-idx.ts";
import { findCollision } from "./collision-fault.ts";
import { checkReachable } from "./reachable.ts";
import { ReachedObjects } from "./reached-objects.ts";
import { CollisionError } from "./sha1dc/collision-error.ts";
import type { VerifiedCommit } from "./verification.ts";

/** Called now and then with how much of the PACK is done; both are in the same unit. */
export type OnVerifyProgress = (done: number, total: number) => void;

export interface VerifyDeviceOptions {
  readonly onProgress?: OnVerifyProgress | undefined;
  /** As for `boundsOf`. */
  readonly workFactor?: number | undefined;
  /** What hashes. Default: Node's. */
  readonly functions?: HashFunctions | undefined;
}

/**
 * Verifies the image on a device: the header; the PACK, every object inflated, deltas applied, every id
 * computed, the trailer; the IDX, which must equal the one that the PACK implies byte for byte; and that all
 * the commit reaches is in the PACK. Synchronous, and from the first byte to the last: so it says what
 * `verifyImage` does of a damaged image.
 *
 * Compares the layout, too, if the image has one. Does not read other sections, nor what is after the IDX.
 *
 * @throws {InvalidImageError} the first fault found, with its offset and object.
 * @throws {DocteurError} `TOO_MUCH_WORK`, `OBJECT_TOO_LARGE`: what cannot be verified within the bounds of
 * docs/STORE.md.
 */
export function verifyDevice(device: BlockDevice, options: VerifyDeviceOptions = {}): VerifiedCommit {
  const cache = new SectorCache(device);
  const header = checkedHeader(cache);
  const { hash, packStart, indexOffset } = header;
  const format = objectFormat(hash, options.functions ?? NODE_PLATFORM);
  // Before the work: a PACK of tiny objects may have more of them than any IDX in this image.
  const count = readPackHeader(cache, packStart, indexOffset, format);
  checkIdxFits(cache, indexOffset, count, idxLayout(count, 0, format));
  try {
    const analysis = analyzePack(cache, packStart, indexOffset, { ...options, format });
    checkIdx(cache, indexOffset, analysis.sorted);
    return toEnd(verifyCommit(cache, analysis, options.workFactor));
  } catch (error) {
    throw error instanceof CollisionError ? findCollision(cache, header, format, error) : error;
  }
}

/** The header of an image. @throws {InvalidImageError} fault `header`. */
export function checkedHeader(cache: SectorCache): ImageHeader {
  const header = readHeader(cache);
  const { packStart, indexOffset } = header;
  if ((cache.size - indexOffset) % SECTOR_SIZE === 0) return header;
  const what = `the image size ${cache.size} minus the index offset ${indexOffset} is not a multiple of ${SECTOR_SIZE}`;
  throw new InvalidImageError("header", what, { offset: packStart - 8 });
}

/**
 * Verifies that the PACK has all that the commit of an image reaches, once the PACK itself is analyzed. Does
 * not read the IDX. In steps of one tree.
 * @throws as `verifyDevice`.
 */
export function* verifyCommit(
  cache: SectorCache,
  analysis: PackAnalysis,
  workFactor = 1,
): Generator<void, VerifiedCommit> {
  const { hash, commit: id, packStart, indexOffset } = checkedHeader(cache);
  const { format } = analysis;
  const reached = new ReachedObjects(analysis);
  const bounds = boundsOf(indexOffset - packStart, workFactor);
  const boundedObjects = () => {
    const options = { format, bounds, work: new Work(bounds.commandWork) };
    const pack = new Pack(cache, packStart, indexOffset, (base) => analysis.find(base), options);
    return new Objects(analysis, pack);
  };
  const objects = boundedObjects();
  const commitObject = readCommit(id, objects, reached);
  const commit = parseCommit(commitObject, id);
  yield* checkReachable(commit.tree, objects, reached);
  const layout = yield* checkLayout(
    cache,
    { packStart, packEnd: packStart + analysis.size, indexOffset },
    layoutOfCommit(id, commit.tree, analysis, boundedObjects()),
  );

  const { counts, deltas, longestChain, bytes } = summarize(analysis);
  const idx = layoutOf(analysis.sorted).length;
  const verification = {
    hash,
    commit: id,
    author: commit.author,
    committer: commit.committer,
    root: commit.tree,
    message: commit.message,
    objects: counts,
    unreachable: reached.unreached,
    deltas,
    longestChain,
    sizes: { image: cache.size, pack: analysis.size, layout, idx, indexOffset, objects: bytes },
  };
  return { verification, commitObject };
}

function toEnd<Result>(steps: Generator<unknown, Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

function readCommit(id: string, objects: Objects, reached: ReachedObjects): Uint8Array {
  const kind = reached.add(raw(id))?.kind;
  const where = { object: id, offset: 0 };
  if (kind === undefined) {
    throw new InvalidImageError("object-missing", "the PACK lacks the commit that the header names", where);
  }
  if (kind !== "commit") {
    throw new InvalidImageError("object-kind", `the header names a ${kind}, not a commit`, where);
  }
  return objects.read(raw(id), "commit");
}

/**
 * What the layout of a commit is made from.
 * @param objects their work is not that of other things: what is granted for folders is for them alone.
 */
function layoutOfCommit(id: string, root: string, analysis: PackAnalysis, objects: Objects): LayoutOf {
  return {
    commit: raw(id),
    root: raw(root),
    idLength: analysis.format.idLength,
    objects: analysis.count,
    readTree: boundedTrees(objects),
    locate: (object) => {
      const index = analysis.indexOf(object) as number;
      return {
        offset: analysis.offsetAt(index),
        length: analysis.packedSizeAt(index),
        size: analysis.sizeAt(index),
        bases: listedBases(analysis.basesAt(index)),
      };
    },
  };
}

function summarize(analysis: PackAnalysis) {
  const counts: Record<ObjectKind, number> = { commit: 0, tree: 0, blob: 0, tag: 0 };
  let deltas = 0;
  let longestChain = 0;
  let bytes = 0;
  for (let index = 0; index < analysis.count; index++) {
    const depth = analysis.depthAt(index);
    counts[analysis.kindAt(index)]++;
    if (depth > 0) deltas++;
    longestChain = Math.max(longestChain, depth);
    bytes += analysis.sizeAt(index);
  }
  return { counts, deltas, longestChain, bytes };
}

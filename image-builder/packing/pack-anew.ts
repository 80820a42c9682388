import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { type Compression, type Effort, effortOf } from "./compression.ts";
import { mergePacks } from "./merge-packs.ts";
import { orderName } from "./order-name.ts";
import type { PackObject } from "./pack-object.ts";
import { noSpaceForPack, type PackFiles, packObjects } from "./pack-objects.ts";
import { divide, type Part } from "./parts.ts";

/** Runs of git at a time; more take memory, each having a window of its own. */
const MAX_RUNS = 4;

export interface PackAnewOptions {
  readonly compression: Compression;
  /** Whether every object is to be stored whole. */
  readonly withoutDeltas?: boolean | undefined;
  /** PACKs that are to follow as they are; they are deleted. */
  readonly followedBy?: readonly PackFiles[];
  /** Told how many objects have been searched, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packs objects of the repository `gitDir`, which is only read, into a new PACK and IDX in `folder`, deltas and compressed
 * bytes made anew. Git's own search of deltas by several threads gives another PACK each time; here the objects are
 * divided, each part is packed by a run of its own with one thread, and the same objects give the same PACK on any machine.
 *
 * @param objects each once, in the order of the tree.
 * @throws {DocteurError} as `packObjects` does.
 */
export async function packAnew(
  gitDir: string,
  objects: readonly PackObject[],
  folder: string,
  options: PackAnewOptions,
): Promise<PackFiles> {
  const effort = effortOf(options.compression, options.withoutDeltas);
  const parts = divide(objects);
  const packs: PackFiles[] = [];
  const searched = parts.map(() => 0);
  const report = (part: number, done: number) => {
    searched[part] = Math.max(searched[part] as number, done);
    options.onProgress?.(
      searched.reduce((sum, each) => sum + each, 0),
      objects.length,
    );
  };
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const rest = parts.entries();
  const work = async () => {
    for (const [place, part] of rest) {
      // Each in a folder of its own: parts with the same objects in them would have the same name.
      const into = join(folder, `part-${place}`);
      await mkdir(into);
      packs[place] = await packPart(gitDir, part, into, effort, signal, (done) => report(place, done));
      report(place, part.objects.length);
    }
  };
  const runs = Array.from({ length: Math.min(availableParallelism(), MAX_RUNS) }, () =>
    work().catch((error: unknown) => stop.abort(error)),
  );
  await Promise.all(runs);
  // The first failure; what it stopped failed because of it.
  stop.signal.throwIfAborted();
  try {
    return await mergePacks([...packs, ...(options.followedBy ?? [])], folder, options.signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof DocteurError || (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG"))
      throw error;
    throw noSpaceForPack(folder, error);
  }
}

async function packPart(
  gitDir: string,
  { objects, places }: Part,
  folder: string,
  { level, window, depth }: Effort,
  signal: AbortSignal,
  onSearched: (done: number) => void,
): Promise<PackFiles> {
  const lines = objects.map(({ id }) => `${id} ${orderName(places.get(id) as number, objects.length)}\n`);
  const effort = [`--compression=${level}`, `--window=${window}`, `--depth=${depth}`];
  return await packObjects(["--no-reuse-delta", "--no-reuse-object", ...effort], {
    gitDir,
    folder,
    name: "part",
    input: lines.join(""),
    threads: 1,
    onProgress: (phase, done) => {
      if (phase === "Compressing objects") onSearched(done);
    },
    signal,
  });
}

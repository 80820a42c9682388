import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Compression, type Effort, effortOf } from "./compression.ts";
import { orderName } from "./order-name.ts";
import type { PackObject } from "./pack-object.ts";
import { type PackFiles, packObjects } from "./pack-objects.ts";
import { type Part, splitIntoParts } from "./parts.ts";

/** Runs of git at a time; more take memory, each having a window of its own. */
const MAX_RUNS = 4;

export interface RepackOptions {
  readonly compression: Compression;
  /** Store every object undeltified. Default false. */
  readonly withoutDeltas?: boolean | undefined;
  /** Called with the objects searched for deltas so far, and their number. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packs objects of the repository `gitDir`, which is only read, into new PACKs and IDXs in `folder`;
 * reuses no deltas and no compressed bytes. Git's own search for deltas by several threads gives another PACK each
 * time. Here the objects are split into parts, one git with one thread packs each, and the same objects give
 * the same PACKs on any machine.
 *
 * @param objects each once, in the order of the tree.
 * @throws {DocteurError} as `packObjects` does.
 */
export async function repack(
  gitDir: string,
  objects: readonly PackObject[],
  folder: string,
  options: RepackOptions,
): Promise<PackFiles[]> {
  const effort = effortOf(options.compression, options.withoutDeltas);
  const parts = splitIntoParts(objects);
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
    for (const [index, part] of rest) {
      // Each in a folder of its own: parts with the same objects in them would have the same name.
      const into = join(folder, `part-${index}`);
      await mkdir(into);
      packs[index] = await packPart(gitDir, part, into, effort, signal, (done) => report(index, done));
      report(index, part.objects.length);
    }
  };
  const runs = Array.from({ length: Math.min(availableParallelism(), MAX_RUNS) }, () =>
    work().catch((error: unknown) => stop.abort(error)),
  );
  await Promise.all(runs);
  // The first failure; what it stopped failed because of it.
  stop.signal.throwIfAborted();
  return packs;
}

async function packPart(
  gitDir: string,
  { objects, searchOrder }: Part,
  folder: string,
  { level, window, depth }: Effort,
  signal: AbortSignal,
  onSearched: (done: number) => void,
): Promise<PackFiles> {
  const lines = objects.map(
    ({ id }) => `${id} ${orderName(searchOrder.get(id) as number, objects.length)}\n`,
  );
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

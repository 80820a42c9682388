import { WorkLimitError } from "../../reader/pack/work.ts";
import type { PathCounts } from "../../reader/paths/path-counts.ts";
import type { Store } from "../../reader/store/store.ts";

/** Entries that are counted between two turns of the event loop. */
const STRIDE = 20_000;

/**
 * Counts what the commit holds, in turns: each tree is read once, however many paths lead to it.
 * @returns undefined if there is more than is counted.
 * @throws {InvalidImageError}
 */
export async function takeCensus(store: Store): Promise<PathCounts | undefined> {
  try {
    const counting = store.countPaths();
    while (!counting.step(STRIDE)) await new Promise((resolve) => setImmediate(resolve));
    return counting.counts;
  } catch (error) {
    if (error instanceof WorkLimitError) return undefined;
    throw error;
  }
}

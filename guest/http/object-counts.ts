import { yieldToEventLoop } from "../../reader/event-loop.ts";
import { WorkLimitError } from "../../reader/pack/work.ts";
import type { PathCounts } from "../../reader/paths/path-counts.ts";
import type { Store } from "../../reader/store/store.ts";

/** Entries that are counted before the next yield to the event loop. */
const STRIDE = 20_000;

/**
 * Counts the files, folders, links and submodules of the commit, and yields to the event loop meanwhile. Each
 * tree is read once, however many paths lead to it.
 * @returns undefined if there are more than it counts.
 * @throws {InvalidImageError}
 */
export async function objectCounts(store: Store): Promise<PathCounts | undefined> {
  try {
    const counting = store.countPaths();
    while (!counting.step(STRIDE)) await yieldToEventLoop();
    return counting.counts;
  } catch (error) {
    if (error instanceof WorkLimitError) return undefined;
    throw error;
  }
}

import type { ResourceLimits } from "node:worker_threads";

/** Most objects of these threads are short-lived: a larger young generation would only take more memory. */
export const SMALL_HEAP: ResourceLimits = { maxYoungGenerationSizeMb: 2 };

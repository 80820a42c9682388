import type { ResourceLimits } from "node:worker_threads";

/** Most of what these threads make is short-lived: a large young generation would only be filled before it is cleared. */
export const SMALL_HEAP: ResourceLimits = { maxYoungGenerationSizeMb: 8 };

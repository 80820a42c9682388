/** A longer list of faults is of no use. */
export const MAX_FAULTS = 10_000;

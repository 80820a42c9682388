/** `node:crypto`, loaded at its first use: that takes six milliseconds, and `-t unix` has no use for it. */
export const crypto = (): typeof import("node:crypto") => process.getBuiltinModule("node:crypto");

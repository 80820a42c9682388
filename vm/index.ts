export type { Accelerator } from "./accelerator.ts";
export { type BootOptions, boot } from "./boot.ts";
export { makeBundle } from "./bundle.ts";
export { cacheFolder } from "./cache.ts";
export type { Streams } from "./conversation.ts";
export { type Check, doctor } from "./doctor.ts";
export { Guest, GuestError } from "./guest.ts";
export { printCommand } from "./print-command.ts";
export { type RunOptions, runInVm, runOnHost } from "./run.ts";

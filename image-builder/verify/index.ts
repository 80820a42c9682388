// What `docteur verify` needs: without it, the command would load all that `make` needs, too.
export { type FormatOptions, formatVerification } from "./format.ts";
export type { Verification } from "./verification.ts";
export { verifyImage } from "./verify-image.ts";
export { DamagedImageError, type VerifyOptions } from "./verify-options.ts";

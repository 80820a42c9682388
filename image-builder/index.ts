export { makeImage } from "./make.ts";
export type { MakeOptions, MakeResult } from "./make-options.ts";
export { COMPRESSIONS, type Compression } from "./packing/compression.ts";
export type { OnProgress, Phase, Progress } from "./progress.ts";
export { resolveSource, type SourceName } from "./resolve-source.ts";
export { type FormatOptions, formatVerification } from "./verify/format.ts";
export type { Verification } from "./verify/verification.ts";
export { DamagedImageError, type VerifyOptions, verifyImage } from "./verify/verify-image.ts";

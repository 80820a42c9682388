export { makeImage } from "./make.ts";
export type { MakeOptions, MakeResult } from "./make-options.ts";
export { COMPRESSIONS, type Compression } from "./packing/compression.ts";
export type { OnProgress, Phase, Progress } from "./progress.ts";
export { resolveSource, type SourceName } from "./resolve-source.ts";
export {
  DamagedImageError,
  type FormatOptions,
  formatVerification,
  type Verification,
  type VerifyOptions,
  verifyImage,
} from "./verify/index.ts";

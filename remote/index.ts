export type { BlockDevice } from "../reader/block/device.ts";
export type { SourceErrorCode } from "../reader/error-codes.ts";
export { SourceError } from "../reader/source-error.ts";
export { openRemoteDevice } from "./device/open-remote-device.ts";
export type { RemoteOptions } from "./open.ts";
export type { SourceOptions } from "./source.ts";

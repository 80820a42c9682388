/// <reference types="node" preserve="true" />
export type { BlockDevice } from "./block/device.ts";
export { openFileDevice } from "./block/file.ts";
export { memoryDevice } from "./block/memory.ts";
export type { PlatformThreads, ThreadPool, ThreadTask } from "./bulk/thread-pool.ts";
export type { ErrorCode, FsErrorCode } from "./error-codes.ts";
export { DocteurError, type Fault, InvalidImageError } from "./errors.ts";
export { createFs, type FsOptions, type ImageFs } from "./fs/create-fs.ts";
export { FsError } from "./fs/fs-error.ts";
export type { Commit, Signature } from "./git/commit.ts";
export type { Hash, HashAlgorithm, HashFunctions } from "./git/hash.ts";
export type { EntryType } from "./git/tree.ts";
export type { BlobReader } from "./pack/blob-reader.ts";
export type { CompressedBlob } from "./pack/compressed-blob.ts";
export { type Inflated, InflateError, type Inflater } from "./pack/inflate.ts";
export type { Platform } from "./platform.ts";
export { type ConnectOptions, connect } from "./store/connect.ts";
export {
  DictionaryExpectedError,
  NotFoundError,
  TooManyLinksError,
  ValueExpectedError,
} from "./store/errors.ts";
export type { Description, Folder, Key, Kind, ListEntry, Range, Store } from "./store/store.ts";

/// <reference types="node" preserve="true" />
export type { ConnectOptions } from "./store/connect.ts";
export type { ImageFs } from "./store/fs/create-fs.ts";
export type { Store } from "./store/store.ts";
export type { Console, Unikernel, UnikernelContext } from "./unikernel.ts";

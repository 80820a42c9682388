/// <reference types="node" preserve="true" />

export type { ImageFs } from "../reader/fs/create-fs.ts";
export type { ConnectOptions } from "../reader/store/connect.ts";
export type { Store } from "../reader/store/store.ts";
export type { Console, Unikernel, UnikernelContext } from "./unikernel.ts";

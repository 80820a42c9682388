import { setFlagsFromString } from "node:v8";

/** Turns on those of V8's compilers that the machine started without (vm/initramfs.ts): from here on, programs may run long. */
export function useAllCompilers(): void {
  setFlagsFromString("--sparkplug");
  setFlagsFromString("--maglev");
}

import { wasmModule } from "./assembler.ts";
import { DIFFERENCES, FUNCTIONS, MEMORY } from "./kernel-code.ts";
import { VECTORS } from "./vectors.ts";

/** What of WebAssembly is used here; Node's types declare none of its values. */
interface WebAssemblyApi {
  readonly Memory: new (descriptor: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** The functions of the kernel; kernel-code.ts says what each does. */
export interface KernelFunctions {
  readonly expand: (blocks: number) => void;
  readonly suspicious: () => number;
  readonly masks: () => void;
  readonly compress: (lane: number) => void;
  readonly collides58: (lane: number, differences: number) => number;
  readonly collides65: (lane: number, differences: number) => number;
}

export interface KernelInstance extends KernelFunctions {
  /** What `MEMORY` describes. */
  readonly memory: ArrayBuffer;
}

/** Bytes of a page of WebAssembly's memory. */
const PAGE = 65_536;

/** A kernel with a memory of its own, compiled: some milliseconds. */
export function instantiateKernel(): KernelInstance {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
  const memory = new WebAssembly.Memory({ initial: MEMORY.length / PAGE });
  const module = new WebAssembly.Module(wasmModule(FUNCTIONS));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  VECTORS.forEach(({ differences }, i) => {
    new Int32Array(memory.buffer, MEMORY.differences + i * DIFFERENCES).set(differences);
  });
  return { ...(exports as KernelFunctions), memory: memory.buffer };
}

import type * as ffi from "node:ffi";
import * as fs from "node:fs";

/** Functions of the kernel, of OpenSSL, of V8 and of this process that Node does not have. */
export interface System {
  /** Moves the wall clock by a number of milliseconds, relative to its time at the call. */
  moveClock(milliseconds: number): void;
  /** Adds entropy to the kernel's generator, credits it, and reseeds the generator. */
  addKernelEntropy(bytes: Uint8Array): void;
  /** Adds entropy to OpenSSL's generators, which also reseed from the kernel. */
  addOpensslEntropy(bytes: Uint8Array): void;
  /** The address of this thread's V8 isolate. */
  isolate(): bigint;
  /** The address of the 16 random bytes that the kernel has put into this process at its start. */
  atRandom(): bigint;
  /** Writes to an address of this process, which must be mapped. */
  writeMemory(address: bigint, bytes: Uint8Array): void;
  /** Makes two connected sockets and returns their descriptors. */
  connectedSockets(): [number, number];
}

// Linux, include/uapi/linux/timex.h: offsets in bytes of the fields of `struct timex` on a 64-bit machine.
const ADJ_SETOFFSET = 0x0100;
const TIMEX_LENGTH = 208;
const TIMEX_MODES = 0;
const TIMEX_SECONDS = 72;
const TIMEX_MICROSECONDS = 80;

// Linux, include/uapi/linux/random.h.
const RNDADDENTROPY = 0x40085203n;
const RNDRESEEDCRNG = 0x5207n;

// Linux, include/uapi/linux/auxvec.h.
const AT_RANDOM = 25n;

// Linux, include/linux/socket.h and include/linux/net.h.
const AF_UNIX = 1;
const SOCK_STREAM = 1;

/** The symbol of `v8::Isolate::GetCurrent()`. */
const GET_CURRENT_ISOLATE = "_ZN2v87Isolate10GetCurrentEv";

const FUNCTIONS = {
  adjtimex: { return: "i32", arguments: ["pointer"] },
  ioctl: { return: "i32", arguments: ["i32", "u64", "pointer"] },
  socketpair: { return: "i32", arguments: ["i32", "i32", "i32", "pointer"] },
  getauxval: { return: "u64", arguments: ["u64"] },
  memcpy: { return: "u64", arguments: ["u64", "pointer", "u64"] },
  [GET_CURRENT_ISOLATE]: { return: "u64", arguments: [] },
  RAND_add: { return: "void", arguments: ["pointer", "i32", "f64"] },
} as const;

/** The functions on Linux. They need root. */
export class LinuxSystem implements System {
  readonly #urandom = fs.openSync("/dev/urandom", "r+");
  readonly #functions: ffi.WrappedFunctionsFromDefinitions<typeof FUNCTIONS>;

  constructor() {
    // Not imported at the top: only a machine needs it.
    const { dlopen } = process.getBuiltinModule("node:ffi");
    this.#functions = dlopen(null, FUNCTIONS).functions;
  }

  moveClock(milliseconds: number): void {
    const seconds = Math.floor(milliseconds / 1000);
    const timex = Buffer.alloc(TIMEX_LENGTH);
    timex.writeInt32LE(ADJ_SETOFFSET, TIMEX_MODES);
    timex.writeInt32LE(seconds, TIMEX_SECONDS);
    timex.writeInt32LE(seconds < 0 ? -1 : 0, TIMEX_SECONDS + 4);
    timex.writeInt32LE(Math.floor((milliseconds - seconds * 1000) * 1000), TIMEX_MICROSECONDS);
    // A positive result is the state of the clock, not an error.
    check("adjtimex", Math.min(0, this.#functions.adjtimex(timex)));
  }

  addKernelEntropy(bytes: Uint8Array): void {
    // struct rand_pool_info: bits of entropy, length in bytes, the bytes.
    const info = Buffer.alloc(8 + bytes.length);
    info.writeInt32LE(bytes.length * 8, 0);
    info.writeInt32LE(bytes.length, 4);
    info.set(bytes, 8);
    check("RNDADDENTROPY", this.#functions.ioctl(this.#urandom, RNDADDENTROPY, info));
    // Otherwise the kernel uses the old key for up to a minute.
    check("RNDRESEEDCRNG", this.#functions.ioctl(this.#urandom, RNDRESEEDCRNG, info));
  }

  addOpensslEntropy(bytes: Uint8Array): void {
    this.#functions.RAND_add(Buffer.from(bytes), bytes.length, bytes.length);
  }

  isolate(): bigint {
    return this.#functions[GET_CURRENT_ISOLATE]();
  }

  atRandom(): bigint {
    return this.#functions.getauxval(AT_RANDOM);
  }

  writeMemory(address: bigint, bytes: Uint8Array): void {
    this.#functions.memcpy(address, Buffer.from(bytes), BigInt(bytes.length));
  }

  connectedSockets(): [number, number] {
    const pair = Buffer.alloc(8);
    check("socketpair", this.#functions.socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    return [pair.readInt32LE(0), pair.readInt32LE(4)];
  }
}

function check(what: string, result: number): void {
  if (result !== 0) throw new Error(`the machine's kernel refuses ${what}`);
}
